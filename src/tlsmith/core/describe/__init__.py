"""What certificates, keys and the like say, in words: bytes in, facts out.

`recognise` tells what bytes are (see `recognise.py`), `describe` explains them (see
`describe.py`). Nothing is imported here, so that either costs only what it needs.
"""
