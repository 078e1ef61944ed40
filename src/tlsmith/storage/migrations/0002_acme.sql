-- ACME (RFC 8555). Identifiers begin with the moment they were made at, so that new
-- rows stand beside each other, and end in chance, so that nobody guesses the next.
CREATE TABLE acme_accounts (
    id TEXT {binary} PRIMARY KEY,
    thumbprint TEXT NOT NULL UNIQUE,
    jwk TEXT NOT NULL,
    status TEXT NOT NULL,
    contacts TEXT NOT NULL,
    terms_agreed_at BIGINT,
    binding TEXT,
    address TEXT NOT NULL,
    created_at BIGINT NOT NULL
) {clustered};
CREATE INDEX acme_accounts_binding ON acme_accounts (binding) WHERE binding IS NOT NULL;

-- External account bindings (section 7.3.4). The key is taken away when it can no
-- longer be used.
CREATE TABLE acme_bindings (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    mac_key {blob},
    is_reusable INTEGER NOT NULL,
    profiles TEXT NOT NULL,
    names TEXT NOT NULL,
    preauthorized TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    used_at BIGINT,
    revoked_at BIGINT
);

CREATE TABLE acme_orders (
    id TEXT {binary} PRIMARY KEY,
    account_id TEXT {binary} NOT NULL,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    identifiers TEXT NOT NULL,
    authorizations TEXT NOT NULL,
    profile TEXT,
    not_before BIGINT,
    not_after BIGINT,
    replaces TEXT,
    error TEXT,
    certificate_id BIGINT
) {clustered};
CREATE INDEX acme_orders_account ON acme_orders (account_id, id);
CREATE INDEX acme_orders_replaces ON acme_orders (replaces) WHERE replaces IS NOT NULL;
CREATE INDEX acme_orders_failed ON acme_orders (id) WHERE status = 'invalid';

-- Of each, the challenges as JSON: they change together. One that is being validated
-- says until when; after that, whoever looks begins again.
CREATE TABLE acme_authorizations (
    id TEXT {binary} PRIMARY KEY,
    account_id TEXT {binary} NOT NULL,
    order_id TEXT {binary},
    type TEXT NOT NULL,
    value TEXT NOT NULL,
    wildcard INTEGER NOT NULL,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    token TEXT NOT NULL,
    challenges TEXT NOT NULL,
    proof TEXT,
    running_until BIGINT
) {clustered};
CREATE INDEX acme_authorizations_valid ON acme_authorizations (account_id, value)
    WHERE status = 'valid';
CREATE INDEX acme_authorizations_running ON acme_authorizations (running_until)
    WHERE running_until IS NOT NULL;

-- Nonces that were used, where several machines must know (section 6.5), and since
-- when that is known, whose nonce is empty. Times are in milliseconds.
CREATE {unlogged} TABLE acme_nonces (
    nonce {blob} PRIMARY KEY,
    at BIGINT NOT NULL
) {clustered};

-- Rate limits: when what was asked for so far is paid off, in milliseconds.
CREATE TABLE acme_limits (
    name TEXT {binary} PRIMARY KEY,
    paid_at BIGINT NOT NULL
) {clustered};
CREATE INDEX acme_limits_paid ON acme_limits (paid_at);
