{# The left join of the question that an answer was given to, as `questions`: that of its own form, else of any form.
   Expects a CTE `questions` (seed survey_questions). #}
{% macro join_question(answers) -%}
    left join questions
        on
            {{ answers }}.metric = questions.metric
            and {{ answers }}.dimension = questions.dimension
            and (
                {{ answers }}.form = questions.form
                or questions.form is null and not exists (
                    select 1
                    from questions as own
                    where
                        own.form = {{ answers }}.form
                        and own.metric = {{ answers }}.metric
                        and own.dimension = {{ answers }}.dimension
                )
            )
{%- endmacro %}


{# What became of a question: answered, blank, not_applicable or off_scale. Expects CTEs `questions` (seed
   survey_questions, left joined) and `rules` (seed satisfaction_rules). #}
{% macro answer_state(score) -%}
    case
        when {{ score }} = questions.blank_code then 'blank'
        when {{ score }} = questions.not_applicable_code then 'not_applicable'
        when {{ score }} between {{ question_end("score_min") }} and {{ question_end("score_max") }} then 'answered'
        else 'off_scale'
    end
{%- endmacro %}


{% macro question_end(end) -%}
    coalesce(questions.{{ end }}, rules.{{ end }})
{%- endmacro %}


{# The answer on its metric's scale, best answer highest. #}
{% macro score_on_scale(score) -%}
    case
        when coalesce(questions.higher_is_better, true)
            then rules.score_min + {{ moved_to_scale(score ~ " - " ~ question_end("score_min")) }}
        else rules.score_min + {{ moved_to_scale(question_end("score_max") ~ " - " ~ score) }}
    end
{%- endmacro %}


{% macro moved_to_scale(steps) -%}
    cast(round(
        cast({{ steps }} as numeric) * (rules.score_max - rules.score_min)
        / ({{ question_end("score_max") }} - {{ question_end("score_min") }})
    ) as integer)
{%- endmacro %}
