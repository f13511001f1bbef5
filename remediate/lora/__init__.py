"""Low-rank adapters: which layers, which kind, and how they become a model of their own."""
