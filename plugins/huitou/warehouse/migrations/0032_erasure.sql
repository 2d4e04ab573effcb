alter table landing.files alter column landed_as drop not null;
alter table landing.files add column deleted_on date;
comment on column landing.files.landed_as is 'where the file lies as it was sent; null once it was deleted';
comment on column landing.files.deleted_on is 'business date by which its personal data made the file be deleted';

create table ops.erasures (
    erasure_id    bigint generated always as identity primary key,
    customer_key  text not null,
    business_date date not null,
    counts        jsonb not null,
    erased_at     timestamptz not null default clock_timestamp()
);
comment on table ops.erasures is 'the audit of erasures: whose by key, when, and how many of what; nothing personal';
