"""The authenticated look (`--bind`): does the account get in, which forest is it, and what may the account do there?

Every sign-in is made once. What is asked afterwards only reads.
"""
