-- What each extraction asked its source for and how far it saw. The manifest's stamp says it, and so it commits with
-- the rows that it speaks of; there is no second place that could disagree.
create view landing.extracts as
with stamps as (
    select
        file_id,
        source,
        feed,
        business_date,
        case when stamp is json object then stamp::jsonb end as said
    from landing.files
)

select
    file_id,
    source,
    feed,
    business_date,
    said ->> 'of' as origin,
    said ->> 'from' as low,
    said ->> 'until' as high,
    said ->> 'seen' as seen
from stamps
where said ? 'of';
comment on view landing.extracts is 'one row an extraction by sql or http: what of, from where, until where, how far it saw';
comment on column landing.extracts.low is 'first value of the cursor asked for, before the look-back';
comment on column landing.extracts.seen is 'the watermark: last value of the cursor that came; the next night begins there';
