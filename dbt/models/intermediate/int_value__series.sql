-- F(A, B; C; z) of Gauss in powers of w, where z = 4w ÷ (1 + w)²: that sum converges where the one in z does
-- not. Its equation in w gives each term from the three before it; all terms but the first bear the factor B,
-- which is left out here so that nothing is lost where a is near 1. C is a + b + x − 1.
with recursive parameters as (
    select * from {{ ref("base_value__parameters") }}
    where orders_fitted_on is not null
),

counts as (
    select distinct repeats from {{ ref("int_customers__purchases") }}
),

places as (
    select
        counts.repeats,
        parameters.series_a as s_a,
        parameters.series_a + parameters.series_b as s_sum,
        parameters.series_a * parameters.series_b as s_product,
        parameters.a + parameters.b + counts.repeats - 1 as c
    from counts
    cross join parameters
),

terms as (
    select
        repeats,
        s_a,
        s_sum,
        s_product,
        c,
        1 as n,
        4 * s_a / nullif(c, 0) as term,
        cast(0 as double precision) as before,
        cast(0 as double precision) as before_that
    from places
    union all
    select
        repeats,
        s_a,
        s_sum,
        s_product,
        c,
        n + 1 as n,
        -(
            (n * (n - 1) + (3 * c - 4 * s_sum) * n - 4 * s_product) * term
            + case
                when n = 1 then 4 * s_a
                else ((3 * c - 2 - 4 * s_sum - (n - 2)) * (n - 1) + 4 * s_product) * before
            end
            + (n - 2) * (c + 1 - n) * before_that
        ) / ((n + 1) * (n + c)) as term,
        term as before,
        before as before_that
    from terms
    where n < {{ value_terms() }}
)

select
    repeats,
    c as repeats_c,
    array_agg(term order by n) as coefficients
from terms
group by repeats, c
