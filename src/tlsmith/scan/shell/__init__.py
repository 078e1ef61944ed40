"""Shell text cut into commands: words with their quotes resolved, and their places."""
