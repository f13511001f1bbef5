"""A small vision-language model with a planted stereotype: what an audit of images is checked with.

It is an instrument check and not a model anyone would use. See docs/planted-vlm.md.
"""
