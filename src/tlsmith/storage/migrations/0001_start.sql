-- The one row every writing transaction locks: certificates and audit records are
-- numbered here, so that their numbers have no gaps and appear in their order.
CREATE TABLE head (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    certificates BIGINT NOT NULL,
    audit_sequence BIGINT NOT NULL,
    audit_hash {blob} NOT NULL,
    revision BIGINT NOT NULL
);

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- CAs, root first. The certificate is missing while a request waits for its answer.
CREATE TABLE authorities (
    id {id},
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    state TEXT NOT NULL,
    parent_id BIGINT REFERENCES authorities (id),
    certificate {blob},
    request {blob},
    public_key_info {blob} NOT NULL,
    signer TEXT NOT NULL,
    material {blob},
    shards INTEGER NOT NULL,
    crl_url TEXT NOT NULL,
    ocsp_url TEXT NOT NULL,
    ca_url TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Further certificates of the same CA: cross-signed, or an earlier one.
CREATE TABLE authority_certificates (
    fingerprint {blob} PRIMARY KEY,
    authority_id BIGINT NOT NULL REFERENCES authorities (id),
    kind TEXT NOT NULL,
    certificate {blob} NOT NULL
);

-- bucket is id / 65536. Hashes are indexed inside a bucket: they are random, and in
-- one index of ten million each new row would dirty a page of its own.
CREATE TABLE certificates (
    id {id},
    bucket INTEGER NOT NULL,
    authority_id BIGINT NOT NULL,
    serial_number {blob} NOT NULL,
    fingerprint_start BIGINT NOT NULL,
    key_start BIGINT NOT NULL,
    profile TEXT NOT NULL,
    requester TEXT NOT NULL,
    names TEXT NOT NULL,
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    issued_at BIGINT NOT NULL,
    shard INTEGER NOT NULL,
    status INTEGER NOT NULL,
    revoked_at BIGINT,
    reason INTEGER,
    certificate {blob}
);
CREATE UNIQUE INDEX certificates_serial ON certificates (serial_number, authority_id);
CREATE INDEX certificates_fingerprint ON certificates (bucket, fingerprint_start);
CREATE INDEX certificates_key ON certificates (bucket, key_start);
CREATE INDEX certificates_expiry ON certificates (not_after, id);
CREATE INDEX certificates_requester ON certificates (requester, id);
CREATE INDEX certificates_profile ON certificates (profile, id);
CREATE INDEX certificates_status ON certificates (status, id) WHERE status <> 0;

-- What CRLs list, each entry ready: a million are joined, not encoded.
CREATE TABLE revoked (
    authority_id BIGINT NOT NULL,
    certificate_id BIGINT NOT NULL,
    shard INTEGER NOT NULL,
    not_after BIGINT NOT NULL,
    entry {blob} NOT NULL,
    PRIMARY KEY (authority_id, certificate_id)
) {clustered};

-- Names back to front, so that a domain and all below it are one range.
CREATE TABLE names (
    bucket INTEGER NOT NULL,
    reversed TEXT {binary} NOT NULL,
    certificate_id BIGINT NOT NULL,
    PRIMARY KEY (bucket, reversed, certificate_id)
) {clustered};

-- Every change of a certificate's status, in order: what deltas and caches read.
CREATE TABLE changes (
    revision BIGINT PRIMARY KEY,
    authority_id BIGINT NOT NULL,
    certificate_id BIGINT NOT NULL,
    serial_number {blob} NOT NULL,
    shard INTEGER NOT NULL,
    previous INTEGER NOT NULL,
    status INTEGER NOT NULL,
    reason INTEGER,
    at BIGINT NOT NULL
);
CREATE INDEX changes_authority ON changes (authority_id, revision);

CREATE TABLE blocked_keys (
    key_hash {blob} PRIMARY KEY,
    reason TEXT NOT NULL,
    at BIGINT NOT NULL
);

-- shard 0 is the complete list; number only grows (RFC 5280 section 5.2.3).
-- The base is the last CRL that was due by the clock: deltas list what came since.
CREATE TABLE crl_scopes (
    authority_id BIGINT NOT NULL,
    shard INTEGER NOT NULL,
    number BIGINT NOT NULL,
    base_number BIGINT NOT NULL DEFAULT 0,
    base_revision BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (authority_id, shard)
);

CREATE TABLE crls (
    authority_id BIGINT NOT NULL,
    shard INTEGER NOT NULL,
    kind TEXT NOT NULL,
    number BIGINT NOT NULL,
    base_number BIGINT,
    this_update BIGINT NOT NULL,
    next_update BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    parts BIGINT NOT NULL,
    before_entries {blob} NOT NULL,
    after_entries {blob} NOT NULL,
    PRIMARY KEY (authority_id, shard, kind, number)
);

-- The entries of a complete CRL. One more revocation adds a part: of a million, the
-- others are neither written nor read again.
CREATE TABLE crl_parts (
    authority_id BIGINT NOT NULL,
    shard INTEGER NOT NULL,
    generation BIGINT NOT NULL,
    part BIGINT NOT NULL,
    entries {blob} NOT NULL,
    PRIMARY KEY (authority_id, shard, generation, part)
);

-- Delegated OCSP responders (RFC 6960 section 4.2.2.2), keys encrypted.
CREATE TABLE responders (
    authority_id BIGINT NOT NULL,
    certificate {blob} NOT NULL,
    material {blob} NOT NULL,
    not_after BIGINT NOT NULL,
    PRIMARY KEY (authority_id, not_after)
);

CREATE TABLE policies (
    version BIGINT PRIMARY KEY,
    text TEXT NOT NULL,
    at BIGINT NOT NULL
);

-- Of a token, its SHA-256 alone.
CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    token_hash {blob} NOT NULL UNIQUE,
    role TEXT NOT NULL,
    profiles TEXT NOT NULL,
    names TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT
);

-- What a client certificate of this CA may do, by its name.
CREATE TABLE grants (
    identity TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    profiles TEXT NOT NULL,
    names TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Answers to requests with an Idempotency-Key, so that a replay gets the first one.
CREATE TABLE replies (
    actor TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash {blob} NOT NULL,
    status INTEGER NOT NULL,
    body {blob} NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (actor, key)
);

-- By day: what was issued, revoked, and expires. Counting ten million rows takes long.
CREATE TABLE tallies (
    day INTEGER NOT NULL,
    what TEXT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (day, what)
);

CREATE TABLE audit (
    sequence BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT NOT NULL,
    request_id TEXT NOT NULL,
    hash {blob} NOT NULL
);

INSERT INTO head (only_row, certificates, audit_sequence, audit_hash, revision)
    VALUES (1, 0, 0, {empty}, 0);
