{# Title and body as they are read: one form of width and case, control characters and line breaks as spaces.
   Expects a CTE `settings`. #}
{% macro review_text(title, body) -%}
    regexp_replace(
        lower(normalize(left(concat_ws(' ', {{ title }}, {{ body }}), settings.max_characters), nfkc)),
        '[[:cntrl:][:space:]]+', ' ', 'g'
    )
{%- endmacro %}


{# Its Latin words with one space around each. #}
{% macro latin_words(said) -%}
    ' ' || trim(regexp_replace(replace({{ said }}, '’', ''''), '[^a-zà-öø-ÿœ'']+', ' ', 'g')) || ' '
{%- endmacro %}


{# Whether enough of the words are English, by CTEs `english` (seed english_words) and `settings`. #}
{% macro is_english(latin) -%}
    (
        select count(english.word) >= greatest(1, count(*) * max(settings.min_english_share))
        from unnest(string_to_array(trim({{ latin }}), ' ')) as spoken (word)
        left join english
            on spoken.word = english.word
        cross join settings
    )
{%- endmacro %}


{# The language that the rules can read a text by: zh, en, other, or none where there is no text. #}
{% macro review_language(said, latin) -%}
    case
        when trim({{ said }}) = '' then 'none'
        when {{ said }} ~ '[ぁ-ヿ가-힣]' then 'other'
        when {{ said }} ~ '[一-鿿]' then 'zh'
        when {{ is_english(latin) }} then 'en'
        else 'other'
    end
{%- endmacro %}


{# How often a word stands in a text. #}
{% macro occurrences(word, text) -%}
    cardinality(string_to_array({{ text }}, {{ word }})) - 1
{%- endmacro %}


{% macro sentiment_of_stars(score) -%}
    case
        when {{ score }} >= rules.positive_from then 'positive'
        when {{ score }} <= rules.negative_to then 'negative'
        else 'neutral'
    end
{%- endmacro %}
