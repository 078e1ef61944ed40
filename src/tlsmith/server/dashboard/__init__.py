"""Pages for people: what the API says, at a glance."""
