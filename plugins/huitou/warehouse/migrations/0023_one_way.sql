-- Weeks whose weights turned touch their days at once, and a build that begins again has these.
drop table staging.touched_weights;
