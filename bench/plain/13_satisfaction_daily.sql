create table satisfaction_daily as
select day, metric, count(*) as n, sum(score) as score_sum, sum(score * score) as score_sum_sq
from answers
group by day, metric
