{{ touched_model("customers", also="{{ profiles_that_turned() }}") }}

with people as (
    {{ touched_rows(ref("customer_segments"), "customers") }}
),

buyers as (
    {{ touched_rows(ref("customer_value"), "customers") }}
),

preferences as (
    {{ touched_rows(ref("customer_preferences"), "customers") }}
),

clustered as (
    {{ touched_rows(ref("customer_clusters"), "customers") }}
),

satisfaction as (
    {{ touched_rows(ref("int_customers__satisfaction"), "customers") }}
),

offers as (
    select * from ({{ touched_rows(ref("next_best_products"), "customers") }}) as of_customers
    where place = 1
),

-- All of them at once: to look one up would ask the vault for all.
allowed as (
    select * from {{ ref("int_customers__allowed") }}
    where {{ touched_filter("customers") }}
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
    allowed.holds_offers,
    allowed.may_sms,
    allowed.may_email,
    allowed.may_wechat,
    allowed.may_phone
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
inner join allowed
    on people.customer_key = allowed.customer_key
