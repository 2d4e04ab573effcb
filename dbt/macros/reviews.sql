{# Title and body as they are read: one form of width and case, control characters and line breaks as spaces. #}
{% macro review_text(title, body) -%}
    regexp_replace(
        lower(normalize(
            left(
                concat_ws(' ', {{ title }}, {{ body }}),
                cast({{ setting("review_settings", "max_characters") }} as integer)
            ),
            nfkc
        )),
        '[[:cntrl:][:space:]]+', ' ', 'g'
    )
{%- endmacro %}


{# Its Latin words with one space around each. #}
{% macro latin_words(said) -%}
    ' ' || trim(regexp_replace(replace({{ said }}, '’', ''''), '[^a-zà-öø-ÿœ'']+', ' ', 'g')) || ' '
{%- endmacro %}


{# The language that the rules can read a text by: zh, en, other, or none where there is no text. Expects a CTE
   `english` of seed english_words. #}
{% macro review_language(said, latin) -%}
    case
        when trim({{ said }}) = '' then 'none'
        when {{ said }} ~ '[ぁ-ヿ가-힣]' then 'other'
        when {{ said }} ~ '[一-鿿]' then 'zh'
        when
            (
                select count(*) filter (where english.word is not null)
                    >= count(*) * {{ setting("review_settings", "min_english_share") }}
                    and count(english.word) > 0
                from unnest(string_to_array(trim({{ latin }}), ' ')) as spoken (word)
                left join english
                    on spoken.word = english.word
            )
            then 'en'
        else 'other'
    end
{%- endmacro %}


{# How often a word stands in a text. #}
{% macro occurrences(word, text) -%}
    (length({{ text }}) - length(replace({{ text }}, {{ word }}, ''))) / length({{ word }})
{%- endmacro %}


{% macro sentiment_of_stars(score) -%}
    case
        when {{ score }} >= rules.positive_from then 'positive'
        when {{ score }} <= rules.negative_to then 'negative'
        else 'neutral'
    end
{%- endmacro %}
