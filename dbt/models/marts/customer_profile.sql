{{ touched_view("customers") }}

with people as (
    select * from {{ ref("customer_segments") }}
),

buyers as (
    select * from {{ ref("customer_value") }}
),

preferences as (
    select * from {{ ref("customer_preferences") }}
),

clustered as (
    select * from {{ ref("customer_clusters") }}
),

satisfaction as (
    select * from {{ ref("base_customers__satisfaction") }}
),

offers as (
    select * from {{ ref("next_best_products") }}
    where place = 1
),

flagged as (
    select
        customer_key,
        bool_or(holds_offers) as holds_offers
    from {{ ref("customer_flags") }}
    group by customer_key
),

consents as (
    select * from {{ ref("base_customers__consents") }}
)

select
    people.customer_key,
    people.lifecycle,
    people.lifecycle_zh,
    people.since as lifecycle_since,
    people.registered_date,
    people.orders,
    buyers.first_order_date,
    people.last_order_date,
    buyers.net_spend,
    buyers.recency_score,
    buyers.frequency_score,
    buyers.monetary_score,
    buyers.segment,
    buyers.segment_zh,
    buyers.value_tier,
    buyers.value_tier_zh,
    buyers.p_alive,
    buyers.expected_spend_365d,
    buyers.next_order_date,
    buyers.next_order_from,
    buyers.next_order_to,
    clustered.cluster_name,
    clustered.cluster_name_zh,
    preferences.favourite_category,
    preferences.category_share,
    preferences.price_band,
    preferences.price_band_zh,
    preferences.preferred_channel,
    preferences.habit_weekday,
    preferences.habit_day_part,
    preferences.preferred_payment,
    preferences.discount_affinity,
    preferences.discount_affinity_zh,
    coalesce(satisfaction.answers, 0) as answers,
    coalesce(satisfaction.low_answers, 0) as low_answers,
    satisfaction.last_answer_date,
    satisfaction.last_nps,
    satisfaction.last_review,
    offers.product_id as next_product_id,
    offers.product_name as next_product_name,
    offers.reason as next_product_reason,
    coalesce(buyers.flagged_orders, 0) as flagged_orders,
    coalesce(flagged.holds_offers, false) as holds_offers,
    coalesce(consents.may_sms, false) as may_sms,
    coalesce(consents.may_email, false) as may_email,
    coalesce(consents.may_wechat, false) as may_wechat,
    coalesce(consents.may_phone, false) as may_phone
from people
left join buyers
    on people.customer_key = buyers.customer_key
left join preferences
    on people.customer_key = preferences.customer_key
left join clustered
    on people.customer_key = clustered.customer_key
left join satisfaction
    on people.customer_key = satisfaction.customer_key
left join offers
    on people.customer_key = offers.customer_key
left join flagged
    on people.customer_key = flagged.customer_key
left join consents
    on people.customer_key = consents.customer_key
