# The guard in a running server: beside other extensions in either order, portals executed in parts, parallel workers,
# JIT, cancels, what is logged, series over the extended protocol, crash and restart.
use strict;
use warnings FATAL => 'all';

use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RawSession;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('guarded');
$node->init;
$node->append_conf('postgresql.conf', <<'CONF');
fsync = off
restart_after_crash = on
shared_preload_libraries = 'rlsproof'
compute_query_id = auto
log_min_messages = warning
autovacuum = off
rlsproof.small_table = 0
rlsproof.report_interval = 0
CONF
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION rlsproof;
	CREATE TABLE users (id int PRIMARY KEY, email text);
	CREATE TABLE orders (id int PRIMARY KEY, user_id int, note text);
	CREATE INDEX ON orders (user_id);
	INSERT INTO users SELECT g, 'u' || g FROM generate_series(1, 1000) g;
	INSERT INTO orders SELECT g, 1 + g % 1000, 'n' FROM generate_series(1, 10000) g;
	VACUUM ANALYZE users, orders;
});

# events(RULE): what guard_events counts of a rule in all.
sub events { return $node->safe_psql('postgres', "SELECT coalesce(sum(count), 0) FROM rlsproof.guard_events WHERE rule = '$_[0]'") }
sub forget { $node->safe_psql('postgres', 'SELECT rlsproof.guard_reset()') }
# said(SETTINGS, SQL): result and messages of one session.
sub said
{
	my ($settings, $sql) = @_;
	my ($status, $out, $err) = $node->psql('postgres', "$settings\n$sql", on_error_stop => 0);
	return wantarray ? ($out, $err) : $err;
}

# --- texts that UTF-8 does not have ----------------------------------------------------------------------------------

# A byte that stands for nothing may be in a text; that the text cannot be shown is no reason for its statement to fail.
$node->safe_psql('postgres', "CREATE DATABASE western ENCODING 'WIN1252' LOCALE 'C' TEMPLATE template0");
$node->safe_psql('western', 'CREATE EXTENSION rlsproof; CREATE TABLE t (a text)');
{
	local $ENV{PGCLIENTENCODING} = 'WIN1252';
	my ($status, $out, $err) =
		$node->psql('western', "SET rlsproof.rule_full_scan = warn; SELECT count(*) FROM t WHERE a = '\x81'");
	is("$status $out", '0 0', 'a statement with a byte that is no character runs');
	like($err, qr/WARNING:  all of public\.t is read/, 'and is warned of');
	is($node->safe_psql('western', "SELECT query FROM rlsproof.guard_events WHERE database = 'western'"),
		'(a statement whose constants could not be taken out)', 'and its text is not kept');
}
$node->safe_psql('postgres', 'SELECT rlsproof.guard_reset()');

# --- portals executed in parts ---------------------------------------------------------------------------------------

my $raw = RawSession->new($node);
$raw->query('SET rlsproof.rule_result_rows = error; SET rlsproof.max_result_rows = 3; SET rlsproof.track_queries = on');
$raw->query('BEGIN');
$raw->parse('all', 'SELECT id FROM orders WHERE id < 100 ORDER BY id');
$raw->bind('a', 'all');
$raw->execute('a', 2);
my $came = $raw->sync;
is("@{ $came->{rows} }", '1 2', 'a portal is executed in parts');
is($came->{suspended}, 1, 'and suspended');
$raw->bind('b', 'all');
$raw->execute('b', 3);
$raw->execute('a', 1);
$came = $raw->sync;
is("@{ $came->{rows} }", '1 2 3 3', 'each portal of one statement has an account of its own');
is($came->{error}, undef, 'and none is over');
$raw->execute('a', 1);
$came = $raw->sync;
is("@{ $came->{rows} }", '', 'the row that is one too many does not leave');
is($came->{error}{C}, '54R02', 'and is refused as such');
$raw->query('ROLLBACK');

# Suspended, left alone, and ended by somebody else: close, commit, the end of the session.
$raw->query('BEGIN');
for my $end (sub { $raw->close_portal('a'); $raw->sync }, sub { $raw->query('COMMIT; BEGIN') }, sub { $raw->query('ROLLBACK; BEGIN') })
{
	$raw->bind('a', 'all');
	$raw->execute('a', 1);
	$raw->sync;
	is($end->()->{error}, undef, 'a portal may end before its query does');
	is($raw->query('SELECT 1')->{rows}[0], 1, 'and the session goes on');
}
$raw->bind('a', 'all');
$raw->execute('a', 1);
$raw->sync;
$raw->finish;

# What several messages do before one Sync is one transaction.
$raw = RawSession->new($node);
$raw->query('SET rlsproof.rule_transaction_rows_written = error; SET rlsproof.max_transaction_rows_written = 150');
$raw->parse('write', 'UPDATE users SET email = email WHERE id <= 100');
$raw->sync;
for (1 .. 2) { $raw->bind('', 'write'); $raw->execute('') }
$came = $raw->sync;
is($came->{error}{C}, '54R04', 'two statements before one Sync are one transaction');
for (1 .. 2) { $raw->bind('', 'write'); $raw->execute(''); is($raw->sync->{error}, undef, 'each with its own Sync are two') }
$raw->query('SET rlsproof.rule_transaction_rows_written = off');

# --- series over the extended protocol -------------------------------------------------------------------------------

$raw->query('SET rlsproof.rule_n_plus_one = warn; SET rlsproof.n_plus_one_count = 5; SET rlsproof.series_window = 3600000');
$raw->parse('one', 'SELECT email FROM users WHERE id = $1');
$raw->parse('many', 'SELECT id FROM users WHERE id <= $1');
sub asked
{
	my ($statement, @values) = @_;
	my @told;
	for my $value (@values)
	{
		$raw->bind('', $statement, $value);
		$raw->execute('');
		push @told, map { "$value:$_->{C}" } @{ $raw->sync->{notices} };
	}
	return "@told";
}
is(asked('many', 3), '', 'the rows a series goes through');
is(asked('one', 1 .. 8), '5:54R03', 'outside a transaction: told once of a series, when it becomes one');
$raw->query('BEGIN');
is(asked('many', 3) . asked('one', 1 .. 8), '5:54R03', 'in a transaction as well');
is(asked('one', 9 .. 12), '', 'and not again');
$raw->query('COMMIT');
$raw->query('BEGIN');
is(asked('one', 3, 3, 3, 3, 3, 3), '', 'the same value again is another matter');
is(asked('many', 3 .. 12), '', 'as is what returns several rows');
$raw->query('COMMIT');
$raw->query('SET rlsproof.rule_repeated_query = warn; SET rlsproof.repeated_query_count = 4');
$raw->query('BEGIN');
is(asked('one', 3, 3, 3, 3, 3, 3), '3:54R03', 'which has a rule of its own');
$raw->query('COMMIT');
$raw->finish;

my $script = $node->basedir . '/series.sql';
append_to_file($script, "\\set id random(1, 1000)\nSELECT email FROM users WHERE id = :id;\n");
for my $protocol (qw(simple extended prepared))
{
	forget();
	$node->command_ok([ 'pgbench', '-n', '-c', 1, '-t', 60, '-M', $protocol, '-f', $script, $node->connstr('postgres')
			. " options='-c rlsproof.rule_n_plus_one=log -c rlsproof.series_window=1h'" ], "pgbench, $protocol protocol");
	is(events('n_plus_one'), 1, "a series over the $protocol protocol is one event");
}

# --- parallel workers and JIT ----------------------------------------------------------------------------------------

my $parallel = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
	SET max_parallel_workers_per_gather = 2;';
my $rules = join '', map { "SET rlsproof.rule_$_ = warn;" } qw(full_scan scan_rows cartesian_join no_limit rows_read result_rows
	transaction_rows_read rls_bypass matrix_access write_without_where);
forget();
my ($out, $err) = said("$parallel SET rlsproof.rule_full_scan = warn;", q{SELECT count(*) FROM orders WHERE note = 'n'});
is($out, '10000', 'a parallel query gives its result');
is(scalar(() = $err =~ /WARNING/g), 1, 'and is spoken of once, by its leader');
is(events('full_scan'), 1, 'and recorded once');
is(scalar said("$parallel SET rlsproof.rule_full_scan = error;", q{SELECT count(*) FROM orders WHERE note = 'n'}) =~ /ERROR:  all of public.orders is read/,
	1, 'and refused as another');
($out, $err) = said("$parallel SET rlsproof.rule_full_scan = error;", q{SELECT count(*) FROM orders WHERE note = 'n';
	SELECT count(*) FROM orders WHERE id = 1});
is($out, '1', 'the next statement of that session runs');
if ($node->safe_psql('postgres', 'SELECT pg_jit_available()') eq 't')
{
	my $jit = 'SET jit = on; SET jit_above_cost = 0; SET jit_inline_above_cost = 0; SET jit_optimize_above_cost = 0;';
	my $sum = q{SELECT sum(id), count(DISTINCT note) FROM orders WHERE user_id > 10 AND note <> 'x'};
	is((said("$jit $rules", $sum))[0], (said('', $sum))[0], 'the same with JIT');
	is((said("$jit $parallel $rules", $sum))[0], (said('', $sum))[0], 'and with JIT in workers');
}
else { ok(1, 'JIT # SKIP this server has none') }

# --- cancels ---------------------------------------------------------------------------------------------------------

# A statement that was stopped by its rows leaves nothing behind that would rename a real cancel.
my $stop = 'SET rlsproof.rule_rows_read = error; SET rlsproof.max_rows_read = 100; SET max_parallel_workers_per_gather = 0;';
my $endless = 'SELECT count(*) FROM orders a, orders b, orders c';
$err = said($stop, "\\set VERBOSITY verbose\n$endless;\nSET statement_timeout = 20; SELECT pg_sleep(600); $endless;"); # cut short
like($err, qr/ERROR:  54R02: the statement read too many rows/, 'a statement is stopped by its rows');
like($err, qr/ERROR:  57014: canceling statement due to statement timeout/, 'a timeout after that is one');
my $sleeper = $node->background_psql('postgres', on_error_stop => 0);
$sleeper->query_safe($stop);
$sleeper->query_safe("DO \$\$ BEGIN PERFORM count(*) FROM orders a, orders b, orders c; EXCEPTION WHEN program_limit_exceeded OR SQLSTATE '54R02' THEN END \$\$");
my $pid = $sleeper->query_safe('SELECT pg_backend_pid()');
$sleeper->query_until(qr/asleep/, "\\echo asleep\nSELECT pg_sleep(600);\n\\echo :LAST_ERROR_SQLSTATE\n"); # cut short
$node->poll_query_until('postgres', "SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = $pid");
$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
$sleeper->query_until(qr/57014/, '');
ok(1, 'a cancel after that is one');
$sleeper->quit;

# --- what is logged --------------------------------------------------------------------------------------------------

my $log_from = -s $node->logfile;
my $loud = join '', map { "SET rlsproof.rule_$_ = log;" } qw(full_scan scan_rows cartesian_join no_limit rows_read result_rows n_plus_one
	repeated_query transaction_rows_read transaction_rows_written rls_bypass write_without_where copy_out deep_offset);
said("$loud SET rlsproof.no_limit_rows = 0; SET rlsproof.max_rows_read = 0; SET rlsproof.n_plus_one_count = 2; SET rlsproof.repeated_query_count = 2;
	SET rlsproof.max_result_rows = 0; SET rlsproof.max_scan_rows = 0; SET rlsproof.max_transaction_rows_read = 0; SET rlsproof.max_transaction_rows_written = 0; SET rlsproof.max_offset = 1;
	SET application_name = E'odd \"name\" \\\\ with {json}';", <<'SQL');
SELECT * FROM orders WHERE note = 'secret-plain';
SELECT * FROM orders WHERE note IN ('secret-1', 'secret-2', E'secret-\'3') AND id > 424242;
SELECT * FROM orders WHERE note = $tag$secret-dollar$tag$;
SELECT * FROM orders WHERE note LIKE '%secret-like%' OR note ~ 'secret-regex' /* secret-comment */;
-- secret-line-comment
SELECT count(*) FROM orders WHERE note = U&'secret\002Dunicode' -- secret-trailing
;
SELECT * FROM orders WHERE note = 'secret-tag' /*route='%2Fa%22%0Ab',action='odd%27s'*/;
PREPARE p(text) AS SELECT * FROM orders WHERE note = $1 AND note <> 'secret-prepared';
EXECUTE p('secret-parameter');
PREPARE q AS UPDATE orders SET note = 'secret-update';
EXECUTE q;
DO $$ DECLARE n bigint; BEGIN n := (SELECT count(*) FROM orders WHERE note = 'secret-assigned'); END $$;
DO $$ BEGIN EXECUTE 'SELECT 1 FROM orders WHERE note = ''secret-dynamic'''; PERFORM 1 FROM orders WHERE note = 'secret-perform'; END $$;
DO $$ BEGIN IF EXISTS (SELECT 1 FROM orders WHERE note = 'secret-if') THEN NULL; END IF; END $$;
DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM orders WHERE note = 'secret-for' LOOP END LOOP; END $$;
CREATE FUNCTION in_sql() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM orders WHERE note = ''secret-function''';
SELECT in_sql();
CREATE FUNCTION in_atomic() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM orders WHERE note = 'secret-atomic'; END;
SELECT in_atomic();
CREATE TABLE kept AS SELECT * FROM orders WHERE note = 'secret-ctas';
CREATE MATERIALIZED VIEW seen AS SELECT * FROM orders WHERE note = 'secret-matview';
REFRESH MATERIALIZED VIEW seen;
COPY (SELECT * FROM orders WHERE note = 'secret-copy') TO STDOUT;
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM orders WHERE note = 'secret-cursor';
FETCH 1 FROM c;
COMMIT;
EXPLAIN ANALYZE SELECT * FROM orders WHERE note = 'secret-explain';
SELECT 1; SELECT * FROM orders WHERE note = 'secret-second'; SELECT 2;
SELECT * FROM users, orders WHERE email = 'secret-join' OFFSET 7 LIMIT 424244;
DELETE FROM orders WHERE 'secret-delete' = 'secret-delete' AND false;
SELECT 'secret-output', count(*) FROM orders;
CREATE TABLE "odd ""name" ("co""l" text);
INSERT INTO "odd ""name" VALUES ('secret-insert'), ('secret-insert-2');
SELECT * FROM "odd ""name" WHERE "co""l" = 'secret-odd';
SELECT * FROM "odd ""name" WHERE "co""l" = 'secret-odd';
TRUNCATE "odd ""name";
DROP TABLE "odd ""name", kept;
DROP MATERIALIZED VIEW seen;
DROP FUNCTION in_sql(), in_atomic();
SQL
my @lines = map { /LOG:  (\{"rlsproof":.*)$/ ? $1 : () } split /\n/, slurp_file($node->logfile, $log_from);
cmp_ok(scalar @lines, '>', 60, 'log mode writes lines');
my @events = map { my $line = $_; my $event = eval { JSON::PP->new->utf8->decode($line) }; ok(0, "no JSON: $line") unless $event; $event // () } @lines;
is(scalar @events, scalar @lines, 'each line is JSON');
my %seen = map { $_->{rule} => 1 } @events;
is(join(' ', sort keys %seen), 'cartesian_join copy_out deep_offset full_scan n_plus_one no_limit repeated_query result_rows rows_read '
	. 'scan_rows transaction_rows_read transaction_rows_written write_without_where', 'every rule was broken once');
my @leaks = grep { /secret|4242/ } @lines;
is("@leaks", '', 'no line holds a constant of a query');
ok((grep { ($_->{query} // '') eq 'SELECT count(*) AS count FROM orders WHERE (note = $1::text)' } @events), 'a body that is kept as a tree has a text');
is(join(' ', map { "$_->{route} $_->{action}" } grep { $_->{route} && $_->{rule} eq 'full_scan' } @events), "/a\"?b odd's", 'and its labels');
my @missing = grep { !$_->{fingerprint} || !$_->{message} || !$_->{sqlstate} || !$_->{query} || !$_->{role} || $_->{mode} ne 'log' } @events;
is(scalar @missing, 0, 'each says what, of which shape, by whom') or diag(JSON::PP->new->canonical->encode(\@missing));
$log_from = -s $node->logfile;
said('SET rlsproof.rule_full_scan = log;', 'SELECT count(*) FROM orders WHERE note IN (' . join(', ', map { "'v$_'" } 1 .. 20000) . ')');
my ($long) = map { /LOG:  (\{"rlsproof":.*)$/ ? $1 : () } split /\n/, slurp_file($node->logfile, $log_from);
cmp_ok(length $long, '<', 8000, 'a list of many values makes no long line');
like(JSON::PP->new->utf8->decode($long)->{query}, qr/^SELECT count\(\*\) FROM orders WHERE note IN \(\$1, \$2.*\.\.\.$/, 'the query is cut, and the line is JSON');
is($events[0]{application}, 'odd "name" \\ with {json}', 'labels come through as they are');
unlike(slurp_file($node->logfile, $log_from), qr/WARNING:.*secret/, 'and the rest of the log is silent');

# --- beside other extensions, in either order ------------------------------------------------------------------------

my $libraries = $node->config_data('--pkglibdir');
my @others = grep { -e "$libraries/$_.so" } qw(pg_stat_statements auto_explain pgaudit pg_qualstats plpgsql_check hypopg pg_hint_plan);
note "beside: @others";
my %settings = (auto_explain => "auto_explain.log_min_duration = 0\nauto_explain.log_analyze = on\nauto_explain.log_nested_statements = on\n",
	pgaudit => "pgaudit.log = 'read, write'\n", pg_qualstats => "pg_qualstats.sample_rate = 1\n",
	plpgsql_check => "plpgsql_check.mode = 'every_start'\n");
my $before = slurp_file($node->data_dir . '/postgresql.conf');
for my $order ((map { [ $_, 'rlsproof' ], [ 'rlsproof', $_ ] } @others), [ @others, 'rlsproof' ], [ 'rlsproof', reverse @others ])
{
	my $name = join ', ', @$order;
	my %there = map { $_ => 1 } @$order;
	unlink $node->data_dir . '/postgresql.conf';
	append_to_file($node->data_dir . '/postgresql.conf', $before . "shared_preload_libraries = '" . join(',', @$order) . "'\n"
		. join('', map { $settings{$_} // '' } @$order));
	$node->restart;
	$node->safe_psql('postgres', "CREATE EXTENSION IF NOT EXISTS $_") for grep { $there{$_} } qw(pg_stat_statements pg_qualstats);
	$node->safe_psql('postgres', 'SELECT pg_stat_statements_reset()') if $there{pg_stat_statements};
	my $from = -s $node->logfile;
	my ($out, $err) = said('SET rlsproof.rule_full_scan = error; SET rlsproof.rule_write_without_where = error; SET rlsproof.track_queries = on;
		SET rlsproof.rule_rows_read = error; SET rlsproof.max_rows_read = 500;', <<'SQL');
\set VERBOSITY verbose
SELECT count(*) AS once FROM orders WHERE id = 7;
SELECT count(*) FROM orders;
DELETE FROM orders;
PREPARE p(int) AS SELECT id FROM orders WHERE id = $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE p(8);
EXECUTE p(9);
EXPLAIN (COSTS OFF) SELECT count(*) FROM orders;
DO $$ DECLARE n int; BEGIN SELECT id INTO n FROM orders WHERE id = 10; RAISE NOTICE 'n=%', n; END $$;
SELECT count(*) FROM orders WHERE user_id < 600;
SELECT count(*) FROM orders;
UPDATE orders SET note = 'n' WHERE id < 11 RETURNING id;
SQL
	is($out, "1\n8\n9\nAggregate\n  ->  Seq Scan on orders\n" . join("\n", 1 .. 10), "$name: results");
	is(join(' ', $err =~ /ERROR:  (\w{5}):/g), '54R02 54R01 54R02 54R02', "$name: what is refused");
	like($err, qr/n=10/, "$name: functions");
	my $log = slurp_file($node->logfile, $from);
	is($node->safe_psql('postgres', q{SELECT calls FROM pg_stat_statements WHERE query LIKE '%AS once%'}), 1, "$name: called on once")
		if $there{pg_stat_statements};
	is(scalar(() = $log =~ /AUDIT: .*AS once/g), 1, "$name: audited once") if $there{pgaudit};
	is(scalar(() = $log =~ /Query Text: SELECT count\(\*\) AS once/g), 1, "$name: explained once") if $there{auto_explain};
	is($node->safe_psql('postgres', q{SELECT sum(calls) FROM rlsproof.guard_queries WHERE query LIKE '%once%'}), 1, "$name: timed once");
}
unlink $node->data_dir . '/postgresql.conf';
append_to_file($node->data_dir . '/postgresql.conf', $before);
$node->restart;

# --- settings of roles and databases, restart, crash -----------------------------------------------------------------

$node->safe_psql('postgres', q{CREATE ROLE app LOGIN; GRANT SELECT ON orders TO app; ALTER ROLE app SET rlsproof.rule_full_scan = 'error';
	CREATE DATABASE other; ALTER DATABASE other SET rlsproof.rule_write_without_where = 'error'});
my ($status, $o, $e) = $node->psql('postgres', 'SELECT count(*) FROM orders', extra_params => [ '-U', 'app' ]);
like($e, qr/all of public.orders is read/, 'a setting of a role');
isnt($node->psql('postgres', 'ALTER ROLE app RESET rlsproof.rule_full_scan', extra_params => [ '-U', 'app' ]), 0, 'which it cannot take off');
is($node->safe_psql('postgres', 'SELECT count(*) FROM orders'), 10000, 'is that of no other');
is(($node->psql('other', 'CREATE TABLE t (); DELETE FROM t'))[2] =~ /all rows of public.t are changed/, 1, 'a setting of a database, without the extension');
is(events('full_scan'), 1, 'recorded');

$node->restart;
is(events('full_scan'), 0, 'events end with the server');
my $dying = $node->background_psql('postgres', on_error_stop => 0);
$dying->query_safe("$stop SET rlsproof.track_queries = on; SET rlsproof.rule_full_scan = warn;");
$pid = $dying->query_safe('SELECT pg_backend_pid()');
$dying->query('SELECT count(*) FROM orders WHERE note IS NULL');
$dying->query_until(qr/dying/, "SET rlsproof.max_rows_read = 1000000000;\nBEGIN; DECLARE c CURSOR FOR SELECT * FROM orders; FETCH 1 FROM c;
\\echo dying\nSELECT pg_sleep(600);\n"); # cut short
$node->poll_query_until('postgres', "SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = $pid");
kill 'KILL', $pid;
$node->poll_query_until('postgres', 'SELECT 1', '1');
eval { $dying->quit };
is(events('full_scan'), 0, 'the memory is made anew after a crash');
like(scalar said('SET rlsproof.rule_full_scan = error;', 'SELECT count(*) FROM orders'), qr/ERROR:  all of public.orders is read/, 'and the guard is at work');
is(events('full_scan'), 1, 'and records');
$node->stop;

# --- not preloaded, but in every session ------------------------------------------------------------------------------

unlink $node->data_dir . '/postgresql.conf';
append_to_file($node->data_dir . '/postgresql.conf', $before =~ s/^shared_preload_libraries = 'rlsproof'$/session_preload_libraries = 'rlsproof'/mr);
$node->start;
like(scalar said('SET rlsproof.rule_full_scan = error;', 'SELECT count(*) FROM orders'), qr/ERROR:  all of public.orders is read/, 'loaded with the session the guard is at work');
is(scalar(() = said("$parallel SET rlsproof.rule_full_scan = warn;", q{SELECT count(*) FROM orders WHERE note = 'x'}) =~ /WARNING/g), 1, 'in parallel queries too');
$node->stop;
done_testing();
