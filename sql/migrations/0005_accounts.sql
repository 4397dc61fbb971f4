CREATE TABLE customer (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email text NOT NULL,
    name text NOT NULL,
    password_hash text NOT NULL,                 -- argon2id
    customer_group text NOT NULL DEFAULT '',
    email_verified_at timestamptz,               -- a paid guest order is shown in the account only when this is set
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX customer_email ON customer (lower(email));

CREATE TABLE customer_address (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    customer_id uuid NOT NULL REFERENCES customer ON DELETE CASCADE,
    address jsonb NOT NULL,
    is_default boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX customer_address_customer ON customer_address (customer_id, created_at);
CREATE UNIQUE INDEX customer_address_default ON customer_address (customer_id) WHERE is_default;

CREATE TABLE operator (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email text NOT NULL,
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX operator_email ON operator (lower(email));

-- The browser holds 256 random bits; only their SHA-256 is stored.
CREATE TABLE session (
    token_hash bytea PRIMARY KEY,
    customer_id uuid REFERENCES customer ON DELETE CASCADE,
    operator_id uuid REFERENCES operator ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    CHECK (num_nonnulls(customer_id, operator_id) = 1)
);
CREATE INDEX session_expiry ON session (expires_at);
CREATE INDEX session_customer ON session (customer_id) WHERE customer_id IS NOT NULL;

-- One-time links by mail: confirm an address, choose a new password.
CREATE TABLE account_token (
    token_hash bytea PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer ON DELETE CASCADE,
    purpose text NOT NULL CHECK (purpose IN ('verify_email', 'reset_password')),
    expires_at timestamptz NOT NULL
);
