{# A search as it is counted: one form of width and case, one space between words; null for an empty one. #}
{% macro search_term(words) -%}
    nullif(lower(trim(regexp_replace(normalize({{ words }}, nfkc), '\s+', ' ', 'g'))), '')
{%- endmacro %}


{# Whether nothing more of this moment's next `hours` can come: they ended when the business date closed. #}
{% macro has_elapsed(moment, hours) -%}
    {{ moment }} + {{ hours }} * interval '1 hour'
    <= cast({{ days_after(business_date(), 1) }} as timestamp) at time zone '{{ var("time_zone") }}'
{%- endmacro %}
