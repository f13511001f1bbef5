"""From an audit to preference pairs: the model's own texts, and their twins of the other gender."""
