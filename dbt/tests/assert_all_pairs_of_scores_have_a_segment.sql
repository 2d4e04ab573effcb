select count(*) as pairs
from {{ ref("rfm_segments") }}
having count(*) <> 25
