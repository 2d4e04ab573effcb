-- Claims of this worker that were never promoted: no byte left, so they are free again.
update ops.messages
set state = 'approved', worker = null
where state = 'claimed' and worker = %(worker)s
