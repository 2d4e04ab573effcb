{# Shares and survival with their intervals; docs/metrics.md states formulas and sources. #}

{# Kaplan and Meier's share still without the event; 0 where the event took all who were left. #}
{% macro kaplan_meier(events, at_risk) -%}
    case
        when bool_or({{ events }} = {{ at_risk }}) then 0
        else exp(coalesce(sum(ln(1 - cast({{ events }} as numeric) / nullif({{ at_risk }}, {{ events }}))), 0))
    end
{%- endmacro %}


{# Greenwood's sum: the variance of ln S. #}
{% macro greenwood(events, at_risk) -%}
    coalesce(sum(
        cast({{ events }} as numeric)
        / (cast({{ at_risk }} as numeric) * nullif({{ at_risk }} - {{ events }}, 0))
    ), 0)
{%- endmacro %}


{# An end of the interval of S on the scale of ln(-ln S); null where S is 0 or 1.
   ln S is below 0, so + gives the upper end. #}
{% macro survival_bound(survival, variance, z, sign) -%}
    case
        when {{ survival }} > 0 and {{ survival }} < 1
            then power({{ survival }}, exp({{ sign }}{{ z }} * sqrt({{ variance }}) / ln({{ survival }})))
    end
{%- endmacro %}
