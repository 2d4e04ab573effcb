-- A warehouse as version 0.1 left it after one night of three small feeds: pg_dump --inserts of schema and rows.
-- Made up people; the vault's key is the bytes 0 to 31. {home} stands for the home folder.
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE SCHEMA candidate;
CREATE SCHEMA intermediate;
CREATE SCHEMA landing;
CREATE SCHEMA marts;
CREATE SCHEMA ops;
CREATE SCHEMA quarantine;
CREATE SCHEMA raw;
CREATE SCHEMA staging;
CREATE SCHEMA vault;
CREATE FUNCTION ops.close_consent_gate() RETURNS void
    LANGUAGE sql
    AS $$ select pg_advisory_xact_lock(hashtextextended('huitou.consent_gate', 0)) $$;
CREATE FUNCTION ops.guard_consent() RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
    place regclass;
begin
    for place in
        select to_regclass(name)
        from unnest(array[
            'vault.consent_events', 'vault.suppressions', 'vault.identities', 'raw.customers'
        ]) as name
        where not exists (
            select from pg_trigger where tgrelid = to_regclass(name) and tgname = 'consent_gate'
        )
    loop
        if place is not null then
            execute format(
                'create or replace trigger consent_gate before insert or update or delete or truncate on %s '
                'for each statement execute function ops.share_consent_gate()', place
            );
        end if;
    end loop;
end
$$;
CREATE FUNCTION ops.name_uuid(VARIADIC parts text[]) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    select encode(
        set_byte(set_byte(d, 6, (get_byte(d, 6) & 15) | 128), 8, (get_byte(d, 8) & 63) | 128), 'hex'
    )::uuid
    from (select substr(sha256(convert_to(array_to_string(parts, chr(31), ''), 'UTF8')), 1, 16) as d) as digest
$$;
CREATE FUNCTION ops.share_consent_gate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    perform pg_advisory_xact_lock_shared(hashtextextended('huitou.consent_gate', 0));
    perform nextval('ops.consent_generation');
    return null;
end
$$;
CREATE FUNCTION vault.consent_as_of(as_of date) RETURNS TABLE(customer_key text, channel text, granted boolean)
    LANGUAGE sql STABLE
    AS $$
    select distinct on (i.customer_key, e.channel) i.customer_key, e.channel, e.action = 'opt_in'
    from vault.consent_events as e
    join vault.identities as i on i.source = e._source and i.customer_id = e.customer_id
    where e._business_date <= as_of and e.purpose = 'marketing'
    order by i.customer_key, e.channel, e.occurred_at desc, (e.action = 'opt_out') desc
$$;
CREATE FUNCTION vault.contacts_as_of(as_of date) RETURNS TABLE(customer_key text, kind text, contact_hash text)
    LANGUAGE sql STABLE
    AS $$
    select distinct on (i.customer_key, p.kind) i.customer_key, p.kind, p.contact_hash
    from raw.customers as c
    join vault.identities as i on i.source = c._source and i.customer_id = c.customer_id
    cross join lateral (values ('phone', c.phone), ('email', c.email)) as p (kind, contact_hash)
    where c._business_date <= as_of
    order by i.customer_key, p.kind, c._version desc, c.customer_id desc
$$;
CREATE FUNCTION vault.customer_key(source text, person text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    select 'c_' || left(encode(sha256(convert_to(source || chr(31) || person, 'UTF8')), 'hex'), 24)
$$;
CREATE FUNCTION vault.refused_as_of(as_of date) RETURNS TABLE(contact_hash text, channel text)
    LANGUAGE sql STABLE
    AS $$
    select distinct k.contact_hash, s.channel
    from vault.consent_as_of(as_of) as s
    join vault.contacts_as_of(as_of) as k using (customer_key)
    where not s.granted and k.contact_hash is not null
    union
    select u.contact_hash, u.channel from vault.suppressions as u
$$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE landing.files (
    file_id bigint NOT NULL,
    source text NOT NULL,
    feed text NOT NULL,
    business_date date NOT NULL,
    night date NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    bytes bigint NOT NULL,
    stamp text NOT NULL,
    mapping_sha256 text NOT NULL,
    landed_as text NOT NULL,
    rows_seen bigint NOT NULL,
    loaded bigint NOT NULL,
    duplicate bigint NOT NULL,
    quarantined bigint NOT NULL,
    ahead bigint NOT NULL,
    recorded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT every_row_is_accounted_for CHECK ((rows_seen = ((loaded + duplicate) + quarantined)))
);
COMMENT ON COLUMN landing.files.business_date IS 'the day that the file is of';
COMMENT ON COLUMN landing.files.night IS 'the night that brought it: later than its day where it was late';
COMMENT ON COLUMN landing.files.stamp IS 'what the store says of the file without reading it: size, time, tag';
COMMENT ON COLUMN landing.files.ahead IS 'rows dated after the business date: not of this night, not counted as seen';
ALTER TABLE landing.files ALTER COLUMN file_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME landing.files_file_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE ops.attempts (
    message_id uuid NOT NULL,
    attempt integer NOT NULL,
    worker bigint NOT NULL,
    claimed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    settled_at timestamp with time zone,
    result text,
    provider_id text,
    code text,
    CONSTRAINT attempts_result_check CHECK ((result = ANY (ARRAY['accepted'::text, 'not_processed'::text, 'rejected'::text, 'unknown'::text])))
);
COMMENT ON COLUMN ops.attempts.worker IS 'advisory lock that the worker holds while it lives';
CREATE SEQUENCE ops.consent_generation
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE TABLE ops.coupons (
    code text NOT NULL,
    campaign text NOT NULL,
    period text NOT NULL,
    customer_key text NOT NULL,
    message_id uuid NOT NULL,
    offer jsonb NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL,
    CONSTRAINT coupons_check CHECK ((valid_to >= valid_from))
);
CREATE TABLE ops.decisions (
    campaign text NOT NULL,
    business_date date NOT NULL,
    customer_key text NOT NULL,
    outcome text NOT NULL,
    period text NOT NULL,
    reason text NOT NULL,
    reason_zh text NOT NULL,
    segment text,
    value numeric(18,2),
    message_id uuid
);
COMMENT ON COLUMN ops.decisions.outcome IS 'send, or the first reason in the published order that kept the person out';
COMMENT ON COLUMN ops.decisions.reason IS 'why the audience holds the person';
CREATE TABLE ops.gate_results (
    business_date date NOT NULL,
    gate text NOT NULL,
    dataset text NOT NULL,
    rule text NOT NULL,
    severity text NOT NULL,
    passed boolean NOT NULL,
    failing bigint NOT NULL,
    keys jsonb DEFAULT '[]'::jsonb NOT NULL,
    CONSTRAINT gate_results_gate_check CHECK ((gate = ANY (ARRAY['raw'::text, 'marts'::text])))
);
COMMENT ON COLUMN ops.gate_results.keys IS 'keys of some failing rows; never their values';
CREATE TABLE ops.holdouts (
    campaign text NOT NULL,
    customer_key text NOT NULL,
    assigned_on date NOT NULL,
    bucket integer NOT NULL,
    held_out boolean NOT NULL,
    CONSTRAINT holdouts_bucket_check CHECK (((bucket >= 0) AND (bucket <= 9999)))
);
CREATE TABLE ops.messages (
    message_id uuid NOT NULL,
    campaign text NOT NULL,
    period text NOT NULL,
    customer_key text NOT NULL,
    channel text NOT NULL,
    contact_kind text NOT NULL,
    contact_hash text NOT NULL,
    consent text NOT NULL,
    business_date date NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    payload jsonb NOT NULL,
    state text DEFAULT 'approved'::text NOT NULL,
    state_reason text,
    attempts integer DEFAULT 0 NOT NULL,
    not_before timestamp with time zone,
    worker bigint,
    CONSTRAINT messages_state_check CHECK ((state = ANY (ARRAY['planned'::text, 'approved'::text, 'claimed'::text, 'sending'::text, 'accepted'::text, 'delivered'::text, 'undelivered'::text, 'unknown'::text, 'parked'::text, 'rejected'::text, 'expired'::text, 'cancelled'::text, 'dead'::text])))
)
WITH (fillfactor='70');
COMMENT ON COLUMN ops.messages.payload IS 'template and values of the message; the contact point joins only when it leaves';
COMMENT ON COLUMN ops.messages.attempts IS 'how often a request for it may have left';
COMMENT ON COLUMN ops.messages.worker IS 'who holds it while claimed or sending: the advisory lock of that worker';
CREATE TABLE ops.migrations (
    number integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
CREATE TABLE ops.plans (
    campaign text NOT NULL,
    business_date date NOT NULL,
    definition text NOT NULL,
    candidates bigint NOT NULL
);
COMMENT ON COLUMN ops.plans.definition IS 'sha-256 of the campaign file as planned';
CREATE TABLE ops.publications (
    publication_id bigint NOT NULL,
    business_date date NOT NULL,
    rows jsonb NOT NULL,
    published_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
ALTER TABLE ops.publications ALTER COLUMN publication_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ops.publications_publication_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE ops.readiness (
    only_row boolean DEFAULT true NOT NULL,
    fingerprint text NOT NULL,
    CONSTRAINT readiness_only_row_check CHECK (only_row)
);
CREATE TABLE ops.steps (
    step_id bigint NOT NULL,
    business_date date NOT NULL,
    step text NOT NULL,
    outcome text NOT NULL,
    seconds double precision NOT NULL,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL,
    ended_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT steps_outcome_check CHECK ((outcome = ANY (ARRAY['done'::text, 'failed'::text])))
);
ALTER TABLE ops.steps ALTER COLUMN step_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ops.steps_step_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE ops.switches (
    scope text NOT NULL,
    reason text NOT NULL
);
COMMENT ON TABLE ops.switches IS 'a row stops sending: scope is all, channel:NAME or campaign:NAME; read inside each claim';
CREATE TABLE quarantine.rows (
    quarantine_id bigint NOT NULL,
    source text NOT NULL,
    feed text NOT NULL,
    business_date date NOT NULL,
    file_id bigint NOT NULL,
    line bigint NOT NULL,
    reasons text[] NOT NULL,
    "row" jsonb NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    CONSTRAINT rows_reasons_check CHECK ((cardinality(reasons) > 0)),
    CONSTRAINT rows_state_check CHECK ((state = ANY (ARRAY['open'::text, 'released'::text, 'dismissed'::text])))
);
COMMENT ON COLUMN quarantine.rows."row" IS 'the row as sent; contact points stand as keyed hashes, sealed in vault';
ALTER TABLE quarantine.rows ALTER COLUMN quarantine_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME quarantine.rows_quarantine_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE raw.categories (
    category text NOT NULL,
    language text NOT NULL,
    name text NOT NULL,
    updated_at timestamp with time zone,
    _source text NOT NULL,
    _version timestamp with time zone NOT NULL,
    _business_date date NOT NULL,
    _file_id bigint NOT NULL,
    _line bigint NOT NULL,
    _row_hash uuid NOT NULL
);
CREATE TABLE raw.customers (
    customer_id text NOT NULL,
    person_id text,
    registered_at timestamp with time zone,
    birthday text,
    city text,
    region text,
    name text,
    phone text,
    email text,
    updated_at timestamp with time zone,
    _source text NOT NULL,
    _version timestamp with time zone NOT NULL,
    _business_date date NOT NULL,
    _file_id bigint NOT NULL,
    _line bigint NOT NULL,
    _row_hash uuid NOT NULL
);
CREATE TABLE raw.exchange_rates (
    currency text NOT NULL,
    rate_date date NOT NULL,
    rate numeric NOT NULL,
    updated_at timestamp with time zone,
    _source text NOT NULL,
    _version timestamp with time zone NOT NULL,
    _business_date date NOT NULL,
    _file_id bigint NOT NULL,
    _line bigint NOT NULL,
    _row_hash uuid NOT NULL
);
CREATE TABLE raw.order_lines (
    order_id text NOT NULL,
    line_no bigint NOT NULL,
    product_id text NOT NULL,
    seller_id text,
    quantity bigint NOT NULL,
    unit_price numeric(18,4) NOT NULL,
    discount numeric(18,4),
    shipping numeric(18,4),
    updated_at timestamp with time zone,
    _source text NOT NULL,
    _version timestamp with time zone NOT NULL,
    _business_date date NOT NULL,
    _file_id bigint NOT NULL,
    _line bigint NOT NULL,
    _row_hash uuid NOT NULL
);
CREATE TABLE raw.orders (
    order_id text NOT NULL,
    customer_id text NOT NULL,
    ordered_at timestamp with time zone NOT NULL,
    status text NOT NULL,
    channel text,
    currency text NOT NULL,
    discount numeric(18,4),
    shipping numeric(18,4),
    coupon_code text,
    promised_at timestamp with time zone,
    shipped_at timestamp with time zone,
    delivered_at timestamp with time zone,
    updated_at timestamp with time zone,
    _source text NOT NULL,
    _version timestamp with time zone NOT NULL,
    _business_date date NOT NULL,
    _file_id bigint NOT NULL,
    _line bigint NOT NULL,
    _row_hash uuid NOT NULL
);
CREATE TABLE raw.payments (
    order_id text NOT NULL,
    payment_no bigint NOT NULL,
    method text NOT NULL,
    amount numeric(18,4) NOT NULL,
    currency text NOT NULL,
    paid_at timestamp with time zone,
    updated_at timestamp with time zone,
    _source text NOT NULL,
    _version timestamp with time zone NOT NULL,
    _business_date date NOT NULL,
    _file_id bigint NOT NULL,
    _line bigint NOT NULL,
    _row_hash uuid NOT NULL
);
CREATE TABLE raw.products (
    product_id text NOT NULL,
    name text,
    category text,
    updated_at timestamp with time zone,
    _source text NOT NULL,
    _version timestamp with time zone NOT NULL,
    _business_date date NOT NULL,
    _file_id bigint NOT NULL,
    _line bigint NOT NULL,
    _row_hash uuid NOT NULL
);
CREATE TABLE raw.refunds (
    refund_id text NOT NULL,
    order_id text NOT NULL,
    refunded_at timestamp with time zone NOT NULL,
    amount numeric(18,4) NOT NULL,
    currency text NOT NULL,
    reason text,
    _source text NOT NULL,
    _version timestamp with time zone NOT NULL,
    _business_date date NOT NULL,
    _file_id bigint NOT NULL,
    _line bigint NOT NULL,
    _row_hash uuid NOT NULL
);
CREATE TABLE raw.reviews (
    review_id text NOT NULL,
    order_id text NOT NULL,
    product_id text,
    score bigint NOT NULL,
    title text,
    body text,
    created_at timestamp with time zone NOT NULL,
    answered_at timestamp with time zone,
    updated_at timestamp with time zone,
    _source text NOT NULL,
    _version timestamp with time zone NOT NULL,
    _business_date date NOT NULL,
    _file_id bigint NOT NULL,
    _line bigint NOT NULL,
    _row_hash uuid NOT NULL
);
CREATE TABLE raw.sellers (
    seller_id text NOT NULL,
    city text,
    region text,
    updated_at timestamp with time zone,
    _source text NOT NULL,
    _version timestamp with time zone NOT NULL,
    _business_date date NOT NULL,
    _file_id bigint NOT NULL,
    _line bigint NOT NULL,
    _row_hash uuid NOT NULL
);
CREATE TABLE raw.survey_responses (
    response_id text NOT NULL,
    customer_id text NOT NULL,
    order_id text,
    metric text NOT NULL,
    dimension text NOT NULL,
    score bigint NOT NULL,
    comment text,
    asked_at timestamp with time zone,
    answered_at timestamp with time zone NOT NULL,
    _source text NOT NULL,
    _version timestamp with time zone NOT NULL,
    _business_date date NOT NULL,
    _file_id bigint NOT NULL,
    _line bigint NOT NULL,
    _row_hash uuid NOT NULL
);
CREATE TABLE vault.consent_events (
    event_id text NOT NULL,
    customer_id text NOT NULL,
    channel text NOT NULL,
    purpose text NOT NULL,
    action text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    _source text NOT NULL,
    _version timestamp with time zone NOT NULL,
    _business_date date NOT NULL,
    _file_id bigint NOT NULL,
    _line bigint NOT NULL,
    _row_hash uuid NOT NULL
);
CREATE TABLE vault.contact_points (
    contact_hash text NOT NULL,
    kind text NOT NULL,
    key_id text NOT NULL,
    sealed bytea NOT NULL
);
COMMENT ON TABLE vault.contact_points IS 'phone, e-mail, name …: sealed with a key outside the database, named by a keyed hash';
CREATE TABLE vault.identities (
    source text NOT NULL,
    customer_id text NOT NULL,
    customer_key text NOT NULL,
    stated boolean NOT NULL
);
COMMENT ON COLUMN vault.identities.stated IS 'the source itself said which person this account is';
CREATE TABLE vault.suppressions (
    contact_hash text NOT NULL,
    channel text NOT NULL,
    reason text NOT NULL,
    since timestamp with time zone NOT NULL
);
INSERT INTO landing.files OVERRIDING SYSTEM VALUE VALUES (1, 'shop', 'customers', '2026-11-19', '2026-11-19', '2026-11-19/customers.csv', 'c24d37c1a0a168d17aefd86cbc384ea1c4354a3cab8692695318e41967005fb4', 228, 'old', 'e00fe1139021fcf8e9a07f2510e3f7e48831792951ce6c863881aae8358d9b08', '{home}/landing/customers.csv', 4, 3, 0, 1, 0, '2026-11-25 10:13:20.064802+00');
INSERT INTO landing.files OVERRIDING SYSTEM VALUE VALUES (2, 'shop', 'orders', '2026-11-19', '2026-11-19', '2026-11-19/orders.csv', 'e2a544d18f5e0721a652a4674dfe8778e5228122b9a8cb4d4c773ff99b699064', 353, 'old', '08fba87d58d7e4ac521b7b1d1019c747a8051d299e34bc04fdca8c592f21dabb', '{home}/landing/orders.csv', 5, 2, 0, 3, 0, '2026-11-25 10:13:20.117046+00');
INSERT INTO landing.files OVERRIDING SYSTEM VALUE VALUES (3, 'shop', 'consent_events', '2026-11-19', '2026-11-19', '2026-11-19/consent_events.csv', 'b89e6de688ffc521958bdf92a28f36a92639f4eb079c5831d80273d5f132d903', 151, 'old', '3275c3e77bb22b3aabd3082954d2a2bd90aa114538861d44085026e6f3c4695f', '{home}/landing/consent_events.csv', 2, 2, 0, 0, 0, '2026-11-25 10:13:20.176642+00');
INSERT INTO ops.migrations VALUES (1, '0001_schemas.sql', 'a841504ace21a79b615c7223f852b3bd31b465efd4910d7d1a9a8bf844e9589f', '2026-11-25 10:13:19.556577+00');
INSERT INTO ops.migrations VALUES (2, '0002_landing.sql', '6fcc76e6660b9687426037a19333d9cccc3578ee1ee617a2818dbcf952508c73', '2026-11-25 10:13:19.572583+00');
INSERT INTO ops.migrations VALUES (3, '0003_vault.sql', '617b9f92276ca3d09c5af43ee8c0f1fa3b5d5b85300878b9a40d7d0194b2add1', '2026-11-25 10:13:19.581628+00');
INSERT INTO ops.migrations VALUES (4, '0004_ops.sql', 'c4561dfff96047026168763983d000d76d38448e8d929f1574b160d1e70bbb25', '2026-11-25 10:13:19.62882+00');
INSERT INTO ops.readiness VALUES (true, '6ae0ccdeeca1c9ff63f86d4b74437475bb030714ac044584b9884c6cadd87e40');
INSERT INTO ops.steps OVERRIDING SYSTEM VALUE VALUES (1, '2026-11-19', 'ingest.customers', 'done', 0.32900232799966034, '{"seen": 4, "ahead": 0, "files": 1, "loaded": 3, "duplicate": 0, "new_columns": [], "quarantined": 1}', '2026-11-25 10:13:20.068052+00');
INSERT INTO ops.steps OVERRIDING SYSTEM VALUE VALUES (2, '2026-11-19', 'ingest.orders', 'done', 0.038152513000113686, '{"seen": 5, "ahead": 0, "files": 1, "loaded": 2, "duplicate": 0, "new_columns": [], "quarantined": 3}', '2026-11-25 10:13:20.119443+00');
INSERT INTO ops.steps OVERRIDING SYSTEM VALUE VALUES (3, '2026-11-19', 'ingest.consent_events', 'done', 0.0482277169999179, '{"seen": 2, "ahead": 0, "files": 1, "loaded": 2, "duplicate": 0, "new_columns": [], "quarantined": 0}', '2026-11-25 10:13:20.179628+00');
INSERT INTO quarantine.rows OVERRIDING SYSTEM VALUE VALUES (2, 'shop', 'orders', '2026-11-19', 2, 3, '{not_allowed:status}', '{"status": "lost", "currency": "CNY", "discount": "0", "order_id": "o2", "ordered_at": "2026-11-20 10:00:00", "updated_at": "2026-11-20 10:00:00", "customer_id": "u2"}', 'open');
INSERT INTO quarantine.rows OVERRIDING SYSTEM VALUE VALUES (3, 'shop', 'orders', '2026-11-19', 2, 5, '{conflict:order_id}', '{"status": "paid", "currency": "CNY", "discount": "5", "order_id": "o1", "ordered_at": "2026-11-20 10:00:00", "updated_at": "2026-11-20 10:00:00", "customer_id": "u1"}', 'open');
INSERT INTO quarantine.rows OVERRIDING SYSTEM VALUE VALUES (4, 'shop', 'orders', '2026-11-19', 2, 6, '{not_a_money:discount}', '{"status": "paid", "currency": "CNY", "discount": "x", "order_id": "o9", "ordered_at": "2026-11-20 10:00:00", "updated_at": "2026-11-20 10:00:00", "customer_id": "u3"}', 'open');
INSERT INTO quarantine.rows OVERRIDING SYSTEM VALUE VALUES (1, 'shop', 'customers', '2026-11-19', 1, 5, '{not_a_timestamp:updated_at}', '{"name": "7f7c9b7042c863968c5f7696fa30129bec8457de857ad4f39a064acc918ba1bc", "email": null, "phone": null, "person_id": "", "updated_at": "never", "customer_id": "u4"}', 'dismissed');
INSERT INTO raw.customers VALUES ('u2', 'p1', NULL, NULL, NULL, NULL, 'ce73ef4c1dacbfb5da0bc4c97245a3e38bf16b9f4b32d45b1eb4b144e327b1e0', '26c3a5fb5bf74dd4b7a79f126c7c205c14efad30bfb9eba9841a60ad4d287334', NULL, '2026-11-19 02:00:00+00', 'shop', '2026-11-19 02:00:00+00', '2026-11-19', 1, 3, '6d8bb9d6-07dd-970a-6cb4-e8ac0b7efaa7');
INSERT INTO raw.customers VALUES ('u3', NULL, NULL, NULL, NULL, NULL, '7f7c9b7042c863968c5f7696fa30129bec8457de857ad4f39a064acc918ba1bc', 'a6924936cd152eebd2abc511a1648a3ef0c7ed313e75f1e82152e4a389566889', NULL, '2026-11-19 02:00:00+00', 'shop', '2026-11-19 02:00:00+00', '2026-11-19', 1, 4, '9cfc3955-4dc1-f609-e3b2-f6f008c0fdbf');
INSERT INTO raw.customers VALUES ('u1', 'p1', NULL, NULL, NULL, NULL, 'ce73ef4c1dacbfb5da0bc4c97245a3e38bf16b9f4b32d45b1eb4b144e327b1e0', 'a6924936cd152eebd2abc511a1648a3ef0c7ed313e75f1e82152e4a389566889', 'd4971e8e94c5e0249d51d0813f00ae001d39e07322f5d6f3df0b6b48f4ed6f41', '2026-11-19 02:00:00+00', 'shop', '2026-11-19 02:00:00+00', '2026-11-19', 1, 2, 'ddb8c3b3-cd89-4d90-14ed-ae7f02083ba0');
INSERT INTO raw.orders VALUES ('o1', 'u1', '2026-11-20 02:00:00+00', 'paid', NULL, 'CNY', 0.0000, NULL, NULL, NULL, NULL, NULL, '2026-11-20 02:00:00+00', 'shop', '2026-11-20 02:00:00+00', '2026-11-19', 2, 2, 'c368d9f2-2d7d-5c57-e9da-0c1ae92e64ea');
INSERT INTO raw.orders VALUES ('o3', 'u3', '2026-11-20 02:00:00+00', 'paid', NULL, 'CNY', 0.0000, NULL, NULL, NULL, NULL, NULL, '2026-11-20 02:00:00+00', 'shop', '2026-11-20 02:00:00+00', '2026-11-19', 2, 4, 'be77279f-fe20-6af1-833e-2d2271947b1f');
INSERT INTO vault.consent_events VALUES ('e1', 'u1', 'sms', 'marketing', 'opt_in', '2026-11-19 01:00:00+00', 'shop', '1970-01-01 00:00:00+00', '2026-11-19', 3, 2, '6bc4eeb1-cadf-ef92-f4e2-4b8b0e2a9e65');
INSERT INTO vault.consent_events VALUES ('e2', 'u2', 'sms', 'marketing', 'opt_out', '2026-11-19 02:00:00+00', 'shop', '1970-01-01 00:00:00+00', '2026-11-19', 3, 3, '5fc1aa3b-b67b-edad-8503-882629ba41e5');
INSERT INTO vault.contact_points VALUES ('26c3a5fb5bf74dd4b7a79f126c7c205c14efad30bfb9eba9841a60ad4d287334', 'phone', '3e2aa74bf50b', '\xd3d774e596913187307172ae454a7df4572d73245907cd142ca2550560cc236230bc7905583ed29b208c');
INSERT INTO vault.contact_points VALUES ('7f7c9b7042c863968c5f7696fa30129bec8457de857ad4f39a064acc918ba1bc', 'name', '3e2aa74bf50b', '\x381fe0ea03d3cabc3177d726faf56b92d11e9fbba458447edab4d92d4605baa50a19452cd7');
INSERT INTO vault.contact_points VALUES ('a6924936cd152eebd2abc511a1648a3ef0c7ed313e75f1e82152e4a389566889', 'phone', '3e2aa74bf50b', '\xb48dc01e0b41a8f7ec3e81611b96dd1740da8ade091eadaaf65b1c478362e10e746e7bf433b876f5ca27');
INSERT INTO vault.contact_points VALUES ('ce73ef4c1dacbfb5da0bc4c97245a3e38bf16b9f4b32d45b1eb4b144e327b1e0', 'name', '3e2aa74bf50b', '\x78b69c86cf519c4e670786cce1cfa40d0ff65223c01159b8c86a43eb2dc740e0bde5');
INSERT INTO vault.contact_points VALUES ('d4971e8e94c5e0249d51d0813f00ae001d39e07322f5d6f3df0b6b48f4ed6f41', 'email', '3e2aa74bf50b', '\x893a5b2475bace616acf8dcd660ff05fc6b45a9ac7d3f94eb7e484da4eb921e4745538b87a0340bd08f99e581f');
INSERT INTO vault.identities VALUES ('shop', 'u1', 'c_d5a5e28657a41f3442da2d24', true);
INSERT INTO vault.identities VALUES ('shop', 'u2', 'c_d5a5e28657a41f3442da2d24', true);
INSERT INTO vault.identities VALUES ('shop', 'u3', 'c_9636cc9e57bd24a9117d7076', false);
SELECT pg_catalog.setval('landing.files_file_id_seq', 3, true);
SELECT pg_catalog.setval('ops.consent_generation', 1, false);
SELECT pg_catalog.setval('ops.publications_publication_id_seq', 1, false);
SELECT pg_catalog.setval('ops.steps_step_id_seq', 3, true);
SELECT pg_catalog.setval('quarantine.rows_quarantine_id_seq', 4, true);
ALTER TABLE ONLY landing.files
    ADD CONSTRAINT files_pkey PRIMARY KEY (file_id);
ALTER TABLE ONLY landing.files
    ADD CONSTRAINT one_record_a_file_and_night UNIQUE (source, feed, business_date, name, sha256);
ALTER TABLE ONLY ops.attempts
    ADD CONSTRAINT attempts_pkey PRIMARY KEY (message_id, attempt);
ALTER TABLE ONLY ops.coupons
    ADD CONSTRAINT coupons_campaign_period_customer_key_key UNIQUE (campaign, period, customer_key);
ALTER TABLE ONLY ops.coupons
    ADD CONSTRAINT coupons_message_id_key UNIQUE (message_id);
ALTER TABLE ONLY ops.coupons
    ADD CONSTRAINT coupons_pkey PRIMARY KEY (code);
ALTER TABLE ONLY ops.decisions
    ADD CONSTRAINT decisions_pkey PRIMARY KEY (campaign, business_date, customer_key);
ALTER TABLE ONLY ops.gate_results
    ADD CONSTRAINT gate_results_pkey PRIMARY KEY (business_date, gate, dataset, rule);
ALTER TABLE ONLY ops.holdouts
    ADD CONSTRAINT holdouts_pkey PRIMARY KEY (campaign, customer_key);
ALTER TABLE ONLY ops.messages
    ADD CONSTRAINT messages_campaign_period_customer_key_channel_key UNIQUE (campaign, period, customer_key, channel);
ALTER TABLE ONLY ops.messages
    ADD CONSTRAINT messages_pkey PRIMARY KEY (message_id);
ALTER TABLE ONLY ops.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (number);
ALTER TABLE ONLY ops.messages
    ADD CONSTRAINT one_message_a_contact_point_and_period UNIQUE (campaign, period, channel, contact_hash);
ALTER TABLE ONLY ops.plans
    ADD CONSTRAINT plans_pkey PRIMARY KEY (campaign, business_date);
ALTER TABLE ONLY ops.publications
    ADD CONSTRAINT publications_pkey PRIMARY KEY (publication_id);
ALTER TABLE ONLY ops.readiness
    ADD CONSTRAINT readiness_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY ops.steps
    ADD CONSTRAINT steps_pkey PRIMARY KEY (step_id);
ALTER TABLE ONLY ops.switches
    ADD CONSTRAINT switches_pkey PRIMARY KEY (scope);
ALTER TABLE ONLY quarantine.rows
    ADD CONSTRAINT rows_file_id_line_key UNIQUE (file_id, line);
ALTER TABLE ONLY quarantine.rows
    ADD CONSTRAINT rows_pkey PRIMARY KEY (quarantine_id);
ALTER TABLE ONLY raw.categories
    ADD CONSTRAINT categories_pkey PRIMARY KEY (_source, category, language, _version);
ALTER TABLE ONLY raw.customers
    ADD CONSTRAINT customers_pkey PRIMARY KEY (_source, customer_id, _version);
ALTER TABLE ONLY raw.exchange_rates
    ADD CONSTRAINT exchange_rates_pkey PRIMARY KEY (_source, currency, rate_date, _version);
ALTER TABLE ONLY raw.order_lines
    ADD CONSTRAINT order_lines_pkey PRIMARY KEY (_source, order_id, line_no, _version);
ALTER TABLE ONLY raw.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (_source, order_id, _version);
ALTER TABLE ONLY raw.payments
    ADD CONSTRAINT payments_pkey PRIMARY KEY (_source, order_id, payment_no, _version);
ALTER TABLE ONLY raw.products
    ADD CONSTRAINT products_pkey PRIMARY KEY (_source, product_id, _version);
ALTER TABLE ONLY raw.refunds
    ADD CONSTRAINT refunds_pkey PRIMARY KEY (_source, refund_id, _version);
ALTER TABLE ONLY raw.reviews
    ADD CONSTRAINT reviews_pkey PRIMARY KEY (_source, review_id, order_id, _version);
ALTER TABLE ONLY raw.sellers
    ADD CONSTRAINT sellers_pkey PRIMARY KEY (_source, seller_id, _version);
ALTER TABLE ONLY raw.survey_responses
    ADD CONSTRAINT survey_responses_pkey PRIMARY KEY (_source, response_id, metric, dimension, _version);
ALTER TABLE ONLY vault.consent_events
    ADD CONSTRAINT consent_events_pkey PRIMARY KEY (_source, event_id, _version);
ALTER TABLE ONLY vault.contact_points
    ADD CONSTRAINT contact_points_pkey PRIMARY KEY (contact_hash);
ALTER TABLE ONLY vault.identities
    ADD CONSTRAINT identities_pkey PRIMARY KEY (source, customer_id);
ALTER TABLE ONLY vault.suppressions
    ADD CONSTRAINT suppressions_pkey PRIMARY KEY (contact_hash, channel);
CREATE INDEX files_by_night ON landing.files USING btree (night, feed);
CREATE INDEX decisions_by_customer ON ops.decisions USING btree (customer_key, business_date);
CREATE INDEX messages_by_contact ON ops.messages USING btree (contact_hash, business_date);
CREATE INDEX messages_by_customer ON ops.messages USING btree (customer_key, business_date);
CREATE INDEX messages_in_doubt ON ops.messages USING btree (channel, message_id) WHERE (state = ANY (ARRAY['claimed'::text, 'sending'::text, 'unknown'::text]));
CREATE INDEX messages_to_send ON ops.messages USING btree (channel, message_id) WHERE (state = ANY (ARRAY['approved'::text, 'parked'::text]));
CREATE INDEX steps_by_date ON ops.steps USING btree (business_date, step);
CREATE INDEX rows_by_feed ON quarantine.rows USING btree (source, feed, state);
CREATE INDEX categories__file_id_idx ON raw.categories USING btree (_file_id);
CREATE INDEX customers__file_id_idx ON raw.customers USING btree (_file_id);
CREATE INDEX exchange_rates__file_id_idx ON raw.exchange_rates USING btree (_file_id);
CREATE INDEX order_lines__file_id_idx ON raw.order_lines USING btree (_file_id);
CREATE INDEX orders__file_id_idx ON raw.orders USING btree (_file_id);
CREATE INDEX payments__file_id_idx ON raw.payments USING btree (_file_id);
CREATE INDEX products__file_id_idx ON raw.products USING btree (_file_id);
CREATE INDEX refunds__file_id_idx ON raw.refunds USING btree (_file_id);
CREATE INDEX reviews__file_id_idx ON raw.reviews USING btree (_file_id);
CREATE INDEX sellers__file_id_idx ON raw.sellers USING btree (_file_id);
CREATE INDEX survey_responses__file_id_idx ON raw.survey_responses USING btree (_file_id);
CREATE INDEX consent_events__file_id_idx ON vault.consent_events USING btree (_file_id);
CREATE INDEX identities_by_key ON vault.identities USING btree (customer_key);
ALTER TABLE ONLY ops.attempts
    ADD CONSTRAINT attempts_message_id_fkey FOREIGN KEY (message_id) REFERENCES ops.messages(message_id);
ALTER TABLE ONLY ops.coupons
    ADD CONSTRAINT coupons_message_id_fkey FOREIGN KEY (message_id) REFERENCES ops.messages(message_id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY ops.decisions
    ADD CONSTRAINT decisions_campaign_business_date_fkey FOREIGN KEY (campaign, business_date) REFERENCES ops.plans(campaign, business_date);
ALTER TABLE ONLY quarantine.rows
    ADD CONSTRAINT rows_file_id_fkey FOREIGN KEY (file_id) REFERENCES landing.files(file_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
