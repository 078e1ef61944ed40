"""What ACME keeps in a store: accounts, orders, authorizations, bindings, limits."""
