"""What certificates, keys and the like say, in words: bytes in, facts out.

`recognise` tells what bytes are; `describe` explains them.
"""
