create table ops.steps (
    step_id       bigint generated always as identity primary key,
    business_date date not null,
    step          text not null,
    outcome       text not null check (outcome in ('done', 'failed')),
    seconds       double precision not null,
    detail        jsonb not null default '{}',
    ended_at      timestamptz not null default clock_timestamp()
);
create index steps_by_date on ops.steps (business_date, step);

create table ops.gate_results (
    business_date date not null,
    gate          text not null check (gate in ('raw', 'marts')),
    dataset       text not null,
    rule          text not null,
    severity      text not null,
    passed        boolean not null,
    failing       bigint not null,
    keys          jsonb not null default '[]',
    primary key (business_date, gate, dataset, rule)
);
comment on column ops.gate_results.keys is 'keys of some failing rows; never their values';

create table ops.publications (
    publication_id bigint generated always as identity primary key,
    business_date  date not null,
    rows           jsonb not null,
    published_at   timestamptz not null default clock_timestamp()
);

-- A name-based UUID (RFC 9562 version 8 over SHA-256): the same parts give the same id, on any machine.
create function ops.name_uuid(variadic parts text[]) returns uuid
language sql immutable parallel safe as $$
    select encode(
        set_byte(set_byte(d, 6, (get_byte(d, 6) & 15) | 128), 8, (get_byte(d, 8) & 63) | 128), 'hex'
    )::uuid
    from (select substr(sha256(convert_to(array_to_string(parts, chr(31), ''), 'UTF8')), 1, 16) as d) as digest
$$;

create table ops.plans (
    campaign      text not null,
    business_date date not null,
    definition    text not null,
    candidates    bigint not null,
    primary key (campaign, business_date)
);
comment on column ops.plans.definition is 'sha-256 of the campaign file as planned';

create table ops.decisions (
    campaign      text not null,
    business_date date not null,
    customer_key  text not null,
    outcome       text not null,
    period        text not null,
    reason        text not null,
    reason_zh     text not null,
    segment       text,
    value         numeric(18, 2),
    message_id    uuid,
    primary key (campaign, business_date, customer_key),
    foreign key (campaign, business_date) references ops.plans
);
comment on column ops.decisions.outcome is 'send, or the first reason in the published order that kept the person out';
comment on column ops.decisions.reason is 'why the audience holds the person';
create index decisions_by_customer on ops.decisions (customer_key, business_date);

create table ops.holdouts (
    campaign     text not null,
    customer_key text not null,
    assigned_on  date not null,
    bucket       integer not null check (bucket between 0 and 9999),
    held_out     boolean not null,
    primary key (campaign, customer_key)
);

create table ops.messages (
    message_id    uuid primary key,
    campaign      text not null,
    period        text not null,
    customer_key  text not null,
    channel       text not null,
    contact_kind  text not null,
    contact_hash  text not null,
    consent       text not null,
    business_date date not null,
    expires_at    timestamptz not null,
    payload       jsonb not null,
    state         text not null default 'approved' check (state in (
        'planned', 'approved', 'claimed', 'sending', 'accepted', 'delivered', 'undelivered', 'unknown',
        'parked', 'rejected', 'expired', 'cancelled', 'dead'
    )),
    state_reason  text,
    attempts      integer not null default 0,
    not_before    timestamptz,
    worker        bigint,
    unique (campaign, period, customer_key, channel),
    constraint one_message_a_contact_point_and_period unique (campaign, period, channel, contact_hash)
) with (fillfactor = 70);
comment on column ops.messages.attempts is 'how often a request for it may have left';
comment on column ops.messages.worker is 'who holds it while claimed or sending: the advisory lock of that worker';
comment on column ops.messages.payload is 'template and values of the message; the contact point joins only when it leaves';
create index messages_to_send on ops.messages (channel, message_id) where state in ('approved', 'parked');
create index messages_in_doubt on ops.messages (channel, message_id) where state in ('claimed', 'sending', 'unknown');
create index messages_by_customer on ops.messages (customer_key, business_date);
create index messages_by_contact on ops.messages (contact_hash, business_date);

create table ops.attempts (
    message_id  uuid not null references ops.messages,
    attempt     integer not null,
    worker      bigint not null,
    claimed_at  timestamptz not null default clock_timestamp(),
    settled_at  timestamptz,
    result      text check (result in ('accepted', 'not_processed', 'rejected', 'unknown')),
    provider_id text,
    code        text,
    primary key (message_id, attempt)
);
comment on column ops.attempts.worker is 'advisory lock that the worker holds while it lives';

create table ops.coupons (
    code         text primary key,
    campaign     text not null,
    period       text not null,
    customer_key text not null,
    message_id   uuid not null unique references ops.messages deferrable initially deferred,
    offer        jsonb not null,
    valid_from   date not null,
    valid_to     date not null check (valid_to >= valid_from),
    unique (campaign, period, customer_key)
);

create table ops.switches (
    scope  text primary key,
    reason text not null
);
-- Claims and changes of consent exclude each other: whoever changes what consent is read from shares this gate
-- until the change commits, a claim closes it. So no claim commits after a refusal that it did not read.
create function ops.close_consent_gate() returns void
language sql as $$ select pg_advisory_xact_lock(hashtextextended('huitou.consent_gate', 0)) $$;

-- Moves with every change behind the gate, so that what was read before it can be told to be still current.
create sequence ops.consent_generation;

create function ops.share_consent_gate() returns trigger
language plpgsql as $$
begin
    perform pg_advisory_xact_lock_shared(hashtextextended('huitou.consent_gate', 0));
    perform nextval('ops.consent_generation');
    return null;
end
$$;

-- Puts the gate on every table that consent is read from. Making a trigger waits for writers that came before it.
create function ops.guard_consent() returns void
language plpgsql as $$
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

comment on table ops.switches is 'a row stops sending: scope is all, channel:NAME or campaign:NAME; read inside each claim';
