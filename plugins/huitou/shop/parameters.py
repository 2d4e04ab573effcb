"""Every number that shapes the demo shop. ``docs/demo-shop.md`` gives the formulas that they stand in."""

from __future__ import annotations

from dataclasses import dataclass

CURRENCIES = ("CNY", "USD", "HKD", "EUR", "JPY")
RATES = (1.0, 7.15, 0.917, 7.80, 0.0472)
DIMENSIONS = ("overall", "product", "service", "site", "delivery")


@dataclass(frozen=True)
class Parameters:
    """The shop's constants. Times are in days, money in yuan, shares between 0 and 1."""

    # Accounts
    history_days: int = 730
    existing_share: float = 0.35
    guest_share: float = 0.15
    buys_at_once_share: float = 0.75
    first_purchase_days: float = 60.0
    foreign_share: float = 0.04
    no_phone_share: float = 0.03
    no_email_share: float = 0.25
    guest_no_contact_share: float = 0.20
    wechat_share: float = 0.55
    guest_wechat_share: float = 0.20
    birthday_share: float = 0.70
    shared_phone_share: float = 0.01
    linked_share: float = 0.01
    moves_per_year: float = 0.03
    # Consent, in the order sms, email, phone
    opt_in_shares: tuple[float, ...] = (0.55, 0.45, 0.25)
    opt_outs_per_year: tuple[float, ...] = (0.10, 0.08, 0.12)
    # BG/NBD: rate ~ Gamma(r, 1/alpha), dropout ~ Beta(a, b)
    r: float = 0.9
    alpha: float = 55.0
    a: float = 0.8
    b: float = 2.4
    late_quit_share: float = 0.05
    # Gamma-Gamma: order value ~ Gamma(p, 1/nu), nu ~ Gamma(q, 1/gamma)
    p: float = 4.0
    q: float = 3.5
    gamma: float = 162.0
    # Season, Monday first; yearly swing around mid-November
    weekdays: tuple[float, ...] = (0.96, 0.94, 0.94, 0.97, 1.04, 1.10, 1.05)
    yearly_swing: float = 0.12
    # Baskets
    extra_lines: float = 0.8
    extra_pieces: float = 0.12
    favourite_share: float = 0.65
    promo_discount_share: float = 0.80
    plain_discount_share: float = 0.08
    coupon_share: float = 0.18
    promo_coupon_share: float = 0.35
    free_shipping_from: int = 99
    shipping_fee: int = 10
    bulky_fee: int = 30
    rate_step: float = 0.003
    # Orders
    store_lovers: float = 0.15
    store_share: float = 0.65
    store_share_others: float = 0.04
    unpaid_share: float = 0.03
    cancelled_share: float = 0.012
    split_payment_share: float = 0.05
    late_share: float = 0.08
    late_after_promo: float = 0.15
    late_days: float = 1.6
    refund_share: float = 0.05
    late_refund_factor: float = 1.6
    damaged_refund_factor: float = 6.0
    full_refund_share: float = 0.60
    # Parcels
    damaged_share: float = 0.015
    split_share: float = 0.05
    attempted_share: float = 0.06
    late_attempted_share: float = 0.25
    # Returns beyond those that end in a refund, shares of deliveries
    rejected_return_share: float = 0.006
    exchange_share: float = 0.008
    # Tickets: shares of late, of damaged, of all orders and of deliveries
    late_ticket_share: float = 0.22
    damaged_ticket_share: float = 0.70
    question_share: float = 0.025
    repair_share: float = 0.004
    waiting_share: float = 0.30
    reopened_share: float = 0.08
    reply_minutes: float = 35.0
    resolution_hours: float = 14.0
    slow_hours: int = 48
    slow_quit_share: float = 0.15
    rated_share: float = 0.35
    slow_rating_hurt: float = 1.3
    # Opinions
    mood_spread: float = 0.45
    noise_spread: float = 0.60
    late_hurt: float = 1.2
    late_hurt_per_day: float = 0.12
    damaged_hurt: float = 1.0
    review_share: float = 0.24
    asked_share: float = 0.50
    answer_level: float = -1.1
    answer_slope: float = 0.4
    # Visits: of an order's own, of the days before it, and idle ones an order and a member who does not buy
    earlier_visit_share: float = 0.5
    idle_visits: float = 2.0
    window_shopper_visits: float = 2.0
    extra_views: float = 2.2
    searches: float = 0.8
    share_share: float = 0.04
    sign_in_share: float = 0.30
    stranger_share: float = 0.20
    # Points: a yuan earns one; the others are points a time
    points_days: int = 365
    sign_in_points: int = 5
    review_points: int = 20
    share_points: int = 2
    goodwill_points: int = 100
    goodwill_share: float = 0.30
    redeem_from: int = 300
    redeem_share: float = 0.20
    carried_share: float = 0.60
    # The shop's own messages: one campaign every so many days, SMS and e-mail by turns
    campaign_days: int = 30
    campaign_share: float = 0.60
    dead_contact_share: float = 0.02
    undelivered_share: float = 0.02
    click_shares: tuple[float, ...] = (0.06, 0.12)
    unsubscribed_days: int = 5
    # Planted fraud: a ring of each scheme for so many customers, and none in a shop of fewer than ``fraud_from``
    customers_a_ring: int = 2000
    fraud_from: int = 200
    # Imperfections, shares of a feed's rows (late: of orders)
    bad_share: float = 0.001
    never_mended_share: float = 0.20
    duplicate_share: float = 0.001
    resent_share: float = 0.001
    late_row_share: float = 0.004
    late_row_days: int = 3
