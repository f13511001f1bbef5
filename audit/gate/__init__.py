"""``audit gate``: does a finished run meet a policy that was written down beforehand?"""
