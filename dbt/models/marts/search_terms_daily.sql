with visits as (
    select * from {{ ref("int_searches__visits") }}
),

terms as (
    select * from {{ ref("int_searches__terms") }}
)

select
    visits.day,
    terms.shown_as as term,
    cast(sum(visits.searches) as integer) as searches,
    cast(count(distinct row(visits.source, visits.visit_id)) as integer) as visits,
    cast(count(distinct row(visits.source, visits.visit_id)) filter (where visits.is_observed) as integer)
        as observed_visits,
    cast(count(distinct row(visits.source, visits.visit_id)) filter (where visits.is_converted) as integer)
        as converted_visits
from visits
inner join terms
    on visits.term = terms.term
group by visits.day, terms.shown_as
