"""The peers on the same work: Celery, Procrastinate, DBOS, Huey and bare Django-Q2, each in its own environment.

`scripts/peers` installs them beside ours (.venv-peers; requirements-peers.lock). Every task of a peer writes one line
(word, moment, process) to a file, and all figures are read from that file, so that all are measured alike.

Each peer is a module with: `NEEDS` (redis, postgresql, sqlite), `SERVERS` (how many processes `serve` must be started
in), `prepare()`, `serve(number)` which blocks, and `noop(n)`, `chain(n)`, `long(n)` which submit: n tasks that do nothing;
n recorded steps one after another; a task of n naps of 50 ms. `recorded()` counts the tasks whose end is on its record.
"""
