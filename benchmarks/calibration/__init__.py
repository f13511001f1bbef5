"""How often intervals cover and tests reject, on simulated answers whose truth is known."""
