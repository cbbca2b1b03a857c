# The guard's shared memory: events and latencies of several databases and roles, who may read them, what happens where
# there is no room, no lock or no preloading, and what a restart and a crash leave. Events and latencies are made by the
# test module, so that every number is known.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('guard');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nrestart_after_crash = on\n");
$node->start;

my $functions = q{
	CREATE FUNCTION test_guard_record(rule text, mode text, fate text, fingerprint bigint, query text, relation oid,
		rows float8, route text, times integer) RETURNS void LANGUAGE c AS '$libdir/rlsproof_test';
	CREATE FUNCTION test_guard_execute(shape bigint, milliseconds float8, rows bigint, statement text,
		location integer DEFAULT 0, length integer DEFAULT 0) RETURNS void LANGUAGE c AS '$libdir/rlsproof_test';
	CREATE FUNCTION test_guard_execute_busy(shape bigint, milliseconds float8, rows bigint, statement text,
		times integer) RETURNS void LANGUAGE c AS '$libdir/rlsproof_test';
	CREATE FUNCTION test_guard_flush() RETURNS void LANGUAGE c AS '$libdir/rlsproof_test';
	CREATE FUNCTION test_guard_status() RETURNS text LANGUAGE c AS '$libdir/rlsproof_test';
	CREATE FUNCTION test_heap() RETURNS bigint LANGUAGE c AS '$libdir/rlsproof_test';
	CREATE TABLE orders (id integer);
};
my @views = qw(guard_events guard_recent guard_queries guard_routes);

# --- not preloaded ---------------------------------------------------------------------------------------------------

$node->safe_psql('postgres', 'CREATE EXTENSION rlsproof');
for my $view (@views)
{
	my ($status, $out, $err) = $node->psql('postgres', "SELECT count(*) FROM rlsproof.$view");
	is($out, '0', "not preloaded: $view has no rows");
	like($err, qr/NOTICE:  the guard keeps no events and no latencies: rlsproof was not loaded when the server started/,
		"and $view says why");
	like($err, qr/HINT:  Add rlsproof to shared_preload_libraries and restart the server/, 'and what to do');
}
like(($node->psql('postgres', 'SELECT rlsproof.guard_reset()'))[2], qr/NOTICE:  the guard keeps no events/,
	'not preloaded: nothing to reset');

# --- preloaded -------------------------------------------------------------------------------------------------------

# A table of 64 events is cut into four parts, one of 16 is whole.
$node->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'rlsproof,rlsproof_test'
rlsproof.shared_events = 64
rlsproof.shared_recent = 16
rlsproof.shared_queries = 64
CONF
$node->restart;
$node->safe_psql('postgres', "$functions CREATE DATABASE other;
	CREATE ROLE ann LOGIN; CREATE ROLE bob LOGIN; CREATE ROLE auditor LOGIN; GRANT pg_read_all_stats TO auditor;
	GRANT CREATE ON SCHEMA public TO ann");
$node->safe_psql('other', "CREATE EXTENSION rlsproof; $functions");

# query(DATABASE, ROLE, SQL)
sub query
{
	my ($database, $role, $sql) = @_;
	return $node->safe_psql($database, $sql, extra_params => [ '--username', $role ]);
}
sub status { return $node->safe_psql('postgres', 'SELECT test_guard_status()'); }
sub record
{
	my (%e) = (rule => 'full_scan', mode => 'log', fate => 'reported', shape => 1, query => 'select $1', table => 0,
		rows => -1, route => '', times => 1, @_);
	return "SELECT test_guard_record('$e{rule}', '$e{mode}', '$e{fate}', $e{shape}, \$q\$$e{query}\$q\$, $e{table},
		$e{rows}, '$e{route}', $e{times});";
}

is(status(), 'events 0/64 evicted 0 lost 0, recent 0/16 overwritten 0, queries 0/64 evicted 0, executions lost 0',
	'the tables are empty and as large as was asked for');
like(($node->psql('postgres', 'SELECT * FROM rlsproof.guard_events'))[2], qr/^$/, 'preloaded: no notice');

# --- events ----------------------------------------------------------------------------------------------------------

my $long = 'select ' . join(', ', map { "column_$_" } 1 .. 200);
query('postgres', 'ann',
	record(query => 'select * from orders where note = $1', table => "'orders'::regclass", rows => 100, route => '/a')
	. record(query => 'ignored: the entry has a text', table => "'orders'::regclass", rows => 50, fate => 'held', times => 3)
	. record(mode => 'warn', table => "'orders'::regclass", rows => 300, route => '/b', fate => 'waived', times => 2)
	. record(table => "'orders'::regclass", mode => 'error', route => '/c', fate => 'known')
	. record(rule => 'n_plus_one', shape => -1, query => $long));
query('other', 'ann', record(table => "'orders'::regclass", times => 2));
query('postgres', 'bob', "SET application_name = 'shop';" . record(rule => 'no_limit', query => 'select secret', table => "'orders'::regclass"));

my $columns = 'rule, fingerprint, role, database, table_name, mode, reported, held, known, waived, count, max_rows,
	mean_rows, route, application';
is($node->safe_psql('postgres', "SELECT $columns FROM rlsproof.guard_events"), <<'ROWS' =~ s/\n\z//r,
full_scan|0000000000000001|ann|postgres|public.orders|error|1|3|1|2|7|300|141.66666666666666|/c|guard_events.pl
full_scan|0000000000000001|ann|other|public.orders|log|2|0|0|0|2||||guard_events.pl
n_plus_one|ffffffffffffffff|ann|postgres||log|1|0|0|0|1||||guard_events.pl
no_limit|0000000000000001|bob|postgres|public.orders|log|1|0|0|0|1||||shop
ROWS
	'events are counted by rule, shape, role, database and table; the labels are those of the latest');
is($node->safe_psql('postgres', "SELECT query FROM rlsproof.guard_events WHERE rule = 'full_scan' AND database = 'postgres'"),
	'select * from orders where note = $1', 'an event keeps the text it came with first');
is($node->safe_psql('postgres', "SELECT octet_length(query), right(query, 3) FROM rlsproof.guard_events WHERE rule = 'n_plus_one'"),
	'1023|...', 'a long text is cut, and says so');
is($node->safe_psql('postgres', 'SELECT bool_and(first_seen <= last_seen AND last_seen <= now() AND first_seen > pg_postmaster_start_time())
	FROM rlsproof.guard_events'), 't', 'first and last seen');
is($node->safe_psql('postgres', 'SELECT number, rule, role, database, mode, rows, route FROM rlsproof.guard_recent'),
	<<'ROWS' =~ s/\n\z//r, 'the ring has what was reported, one by one, the latest first');
5|no_limit|bob|postgres|log||
4|full_scan|ann|other|log||
3|full_scan|ann|other|log||
2|n_plus_one|ann|postgres|log||
1|full_scan|ann|postgres|log|100|/a
ROWS
is(query('other', 'ann', 'SELECT count(*), count(DISTINCT database) FROM rlsproof.guard_events'), '4|2',
	'every database shows those of all');

# --- who may read what -----------------------------------------------------------------------------------------------

$node->safe_psql('postgres', "SELECT test_guard_execute(7, 1.5, 1, 'select secret from t /*route=''/secret''*/')");
my $hidden = q{SELECT rule, fingerprint, query, role, table_name, count, route, application FROM rlsproof.guard_events WHERE rule = 'no_limit'};
is(query('postgres', 'ann', $hidden), 'no_limit||<insufficient privilege>|bob||1||', "another role's event has no text");
is(query('postgres', 'bob', $hidden), 'no_limit|0000000000000001|select secret|bob|public.orders|1||shop', 'its own has');
is(query('postgres', 'auditor', $hidden), query('postgres', 'bob', $hidden), 'pg_read_all_stats sees it as well');
is(query('postgres', 'ann', "SELECT DISTINCT query FROM rlsproof.guard_recent WHERE role = 'bob'"), '<insufficient privilege>',
	'so it is with the ring');
is(query('postgres', 'ann', "SELECT query, route, fingerprint, queryid, calls FROM rlsproof.guard_queries"),
	'<insufficient privilege>||||1', 'and with the latencies');
is(query('postgres', 'auditor', "SELECT query, route, queryid, calls FROM rlsproof.guard_queries"),
	'select secret from t|/secret|7|1', 'which pg_read_all_stats reads');
is(query('postgres', 'ann', 'SELECT route, calls FROM rlsproof.guard_routes'), '|1', 'and with the routes');
for my $role (qw(ann auditor))
{
	my ($status, $out, $err) =
	  $node->psql('postgres', 'SELECT rlsproof.guard_reset()', extra_params => [ '--username', $role ]);
	like($err, qr/permission denied for function guard_reset/, "$role may not reset");
}
$node->safe_psql('postgres', 'GRANT EXECUTE ON FUNCTION rlsproof.guard_reset() TO ann');
query('postgres', 'ann', 'SELECT rlsproof.guard_reset()');
is(status(), 'events 0/64 evicted 0 lost 0, recent 0/16 overwritten 0, queries 0/64 evicted 0, executions lost 0',
	'whom it is granted to may, and everything is gone');
is($node->safe_psql('postgres', join ' UNION ALL ', map { "SELECT count(*) FROM rlsproof.$_" } @views), "0\n0\n0\n0", 'from every view');

# A role and a database that are gone.
$node->safe_psql('postgres', 'CREATE DATABASE brief; CREATE ROLE brief SUPERUSER LOGIN');
$node->safe_psql('brief', $functions);
query('brief', 'brief', record());
$node->safe_psql('postgres', 'DROP DATABASE brief; DROP ROLE brief');
is($node->safe_psql('postgres', 'SELECT role IS NULL, database IS NULL, count FROM rlsproof.guard_events'), 't|t|1',
	'an event outlives its role and its database');

# --- no room ---------------------------------------------------------------------------------------------------------

$node->safe_psql('postgres', 'SELECT rlsproof.guard_reset()');
# One shape is seen again and again while a thousand others come once each.
$node->safe_psql('postgres', q{SELECT test_guard_record('full_scan', 'log', 'held', 0, 'the hot one', 0, 1, '', 20),
	test_guard_record('full_scan', 'log', 'held', n, 'once', 0, 1, '', 1) FROM generate_series(1, 1000) n});
is(status(), 'events 64/64 evicted 937 lost 0, recent 0/16 overwritten 0, queries 0/64 evicted 0, executions lost 0',
	'a full table makes room, and counts what made way');
is($node->safe_psql('postgres', q{SELECT count(*), sum(count) FILTER (WHERE query = 'the hot one') FROM rlsproof.guard_events}),
	'64|20000', 'what is used most stays');
$node->safe_psql('postgres', q{SELECT test_guard_record('no_limit', 'log', 'reported', n, 'ring', 0, n, '', 1) FROM generate_series(1, 50) n});
is($node->safe_psql('postgres', 'SELECT count(*), max(number), min(number), max(rows), min(rows) FROM rlsproof.guard_recent'),
	'16|50|35|50|35', 'the ring keeps the latest');
like(status(), qr/recent 16\/16 overwritten 34/, 'and counts what it wrote over');

$node->safe_psql('postgres', q{SELECT rlsproof.guard_reset()});
$node->safe_psql('postgres', q{SELECT test_guard_execute(n, 1, 1, 'select 1') FROM generate_series(1, 1000) n});
is(status(), 'events 0/64 evicted 0 lost 0, recent 0/16 overwritten 0, queries 64/64 evicted 936, executions lost 0',
	'so it is with the latencies');

# --- many at once ----------------------------------------------------------------------------------------------------

$node->safe_psql('postgres', 'SELECT rlsproof.guard_reset()');
my $script = $node->basedir . '/record.sql';
append_to_file($script, <<'SQL');
\set shape random(1, 40)
SELECT test_guard_record('full_scan', 'log', 'held', 0, 'all of them', 0, 3, '', 1000);
SELECT test_guard_record('no_limit', 'log', 'reported', :shape, 'some of them', 0, 3, '', 1);
SELECT test_guard_execute(1, 0.5, 2, 'select 1'), test_guard_execute(1000 + :shape, 0.5, 2, 'select 1, 2');
SELECT count(*) FROM rlsproof.guard_events;
SQL
$node->command_ok([ 'pgbench', '--no-vacuum', '--client', 6, '--jobs', 2, '--transactions', 200, '--file', $script,
	'--host', $node->host, '--port', $node->port, 'postgres' ], 'six sessions at once, with readers among them');
is($node->safe_psql('postgres', q{SELECT count, mean_rows, max_rows FROM rlsproof.guard_events WHERE query = 'all of them'}),
	'1200000|3|3', 'no event is lost or counted twice');
is($node->safe_psql('postgres', 'SELECT count(*), max(number) FROM rlsproof.guard_recent'), '16|1200', 'nor one of the ring');
my $busy = status() =~ /executions lost (\d+)/ ? $1 : 'none';
is($busy, '0', 'no execution was lost');
is($node->safe_psql('postgres', 'SELECT calls, rows FROM rlsproof.guard_queries WHERE queryid = 1'), '1200|2400',
	'every execution was handed over, by sessions that are gone');

# --- latencies -------------------------------------------------------------------------------------------------------

$node->safe_psql('postgres', 'SELECT rlsproof.guard_reset()');
# The exact percentiles of the same numbers are the server's own. The batch here is the test module's.
is($node->safe_psql('postgres', q{
	CREATE TABLE times AS SELECT n, exp(4 * sin(n * 12.9898)) * (1 + n % 7) AS ms FROM generate_series(1, 5000) n;
	SELECT count(test_guard_execute(1 + n % 3, ms, n % 3, 'select * from times where n = ' || n)) FROM times;
	SELECT test_guard_flush();
	SELECT queryid, calls, rows, query, abs(p50_ms / p50 - 1) <= 1 / 33.0, abs(p95_ms / p95 - 1) <= 1 / 33.0,
		abs(p99_ms / p99 - 1) <= 1 / 33.0, max_ms = most, abs(mean_ms / mean - 1) < 1e-9
	FROM rlsproof.guard_queries JOIN (SELECT 1 + n % 3 AS queryid, max(ms) AS most, avg(ms) AS mean,
		percentile_disc(0.5) WITHIN GROUP (ORDER BY ms) AS p50, percentile_disc(0.95) WITHIN GROUP (ORDER BY ms) AS p95,
		percentile_disc(0.99) WITHIN GROUP (ORDER BY ms) AS p99 FROM times GROUP BY 1) exact USING (queryid) ORDER BY queryid}),
	<<'ROWS' =~ s/\n\z//r, 'percentiles are those of the same numbers, to the error of a bucket');
5000

1|1666|0|select * from times where n = $1|t|t|t|t|t
2|1667|1667|select * from times where n = $1|t|t|t|t|t
3|1667|3334|select * from times where n = $1|t|t|t|t|t
ROWS
is($node->safe_psql('postgres', q{SELECT DISTINCT fingerprint = rlsproof.fingerprint('select * from times where n = 5')
	FROM rlsproof.guard_queries WHERE queryid BETWEEN 1 AND 3}), 't', 'the fingerprint is that of the text');

# Routes: percentiles of all shapes of one, from their histograms added up.
$node->safe_psql('postgres', 'SELECT rlsproof.guard_reset()');
is($node->safe_psql('postgres', q{
	SELECT count(test_guard_execute(1 + n % 3, ms, 1, 'select ' || n || CASE WHEN n % 5 > 0 THEN ' /*route=''%2Fcart''*/' ELSE '' END)) FROM times;
	SELECT test_guard_flush();
	SELECT route, queries, calls, rows, abs(p50_ms / p50 - 1) <= 1 / 33.0, abs(p95_ms / p95 - 1) <= 1 / 33.0,
		abs(p99_ms / p99 - 1) <= 1 / 33.0, max_ms = most FROM rlsproof.guard_routes JOIN (
		SELECT CASE WHEN n % 5 > 0 THEN '/cart' END AS route, max(ms) AS most, percentile_disc(0.5) WITHIN GROUP (ORDER BY ms) AS p50,
		percentile_disc(0.95) WITHIN GROUP (ORDER BY ms) AS p95, percentile_disc(0.99) WITHIN GROUP (ORDER BY ms) AS p99
		FROM times GROUP BY 1) exact USING (route)}),
	"5000\n\n/cart|3|4000|4000|t|t|t|t", 'a route has the percentiles of all its shapes');
is($node->safe_psql('postgres', 'SELECT count(*), count(route), sum(calls) FROM rlsproof.guard_queries'), '6|3|5000',
	'one shape under two routes is two rows');

# Where tags may stand, one after the other and again.
$node->safe_psql('postgres', 'SELECT rlsproof.guard_reset()');
$node->safe_psql('postgres', q{SELECT count(test_guard_execute(n, 1, 1, (ARRAY['select 1', 'select 1 /*route=''a''*/', ' /* route=''b'' */ select 1;',
	'select 1 /*route=''a''*/ ; ', '/*action=''x''*/ select 1 /*route=''c''*/', 'select 1 /* nothing */', 'select ''*/''', '/*', '*/', '', '/*/', '/**/',
	'select 1 /*route=''a'',controller=''x''*/', 'select 1 /*' || repeat('x', 300) || '=''y'',route=''d''*/', 'select /*route=''e''*/ 1'])[n]))
	FROM (SELECT n FROM generate_series(1, 15) n, generate_series(1, 3) ORDER BY random()) n;
	SELECT test_guard_flush()});
is($node->safe_psql('postgres', q{SELECT route, string_agg(queryid::text, ',' ORDER BY queryid), sum(calls) FROM rlsproof.guard_queries GROUP BY route ORDER BY route}),
	"a|2,4,13|9\nb|3|3\nc|5|3\nd|14|3\n|1,6,7,8,9,10,11,12,15|27", 'routes stand at an end of the text');

# A batch: nobody else sees it before it is handed over.
$node->safe_psql('postgres', 'SELECT rlsproof.guard_reset()');
my $session = $node->background_psql('postgres');
$session->query_safe('BEGIN');
$session->query_safe('SELECT test_guard_execute(1, 1, 1, $$select 1$$)');
$session->query_safe('SELECT count(test_guard_execute(1, 1, 1, $$select 1$$)) FROM generate_series(1, 50)');
my $look = 'SELECT coalesce(sum(calls), 0) FROM rlsproof.guard_queries';
cmp_ok($node->safe_psql('postgres', $look), '<=', 51, 'others see what was handed over');
$session->query_safe('SELECT test_guard_flush()');
is($node->safe_psql('postgres', $look), '51', 'all of it, then');
$session->query_safe('SELECT count(test_guard_execute(1, 1, 1, $$select 1$$)) FROM generate_series(1, 3000)');
cmp_ok($node->safe_psql('postgres', $look), '>=', 51 + 3000 - 1024, 'a full batch is handed over');
$session->query_safe('SELECT count(test_guard_execute(1, 1, 1, $$select 1$$)) FROM generate_series(1, 50)');
$session->quit;
$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'client backend'");
is($node->safe_psql('postgres', $look), '3101', 'and so is that of a session that ends');

# What was gathered before a reset does not come back after it.
$session = $node->background_psql('postgres');
$session->query_safe('BEGIN; SELECT count(test_guard_execute(1, 1, 1, $$select 1$$)) FROM generate_series(1, 50)');
$node->safe_psql('postgres', 'SELECT rlsproof.guard_reset()');
$session->query_safe('SELECT test_guard_flush()');
is($session->query_safe($look), '0', 'a reset is one for the batches too');
$session->query_safe('SELECT test_guard_execute(1, 1, 1, $$select 1$$)');
is($node->safe_psql('postgres', 'SELECT query, calls FROM rlsproof.guard_queries'), 'select $1|1', 'and the first to follow shows at once');
$session->quit;

# Locks that are busy hold nobody up: as much as a batch takes is kept, the rest is counted.
$node->safe_psql('postgres', 'SELECT rlsproof.guard_reset()');
is($node->safe_psql('postgres', q{SELECT test_guard_execute_busy(1, 1, 1, 'select 1', 5000);
	SELECT test_guard_flush(); SELECT calls FROM rlsproof.guard_queries}), "\n\n1024", 'a busy lock is not waited for');
like(status(), qr/executions lost 3976$/, 'what was lost meanwhile is counted');

# Texts.
$node->safe_psql('postgres', 'SELECT rlsproof.guard_reset()');
$node->safe_psql('postgres', q{SELECT test_guard_execute(1, 1, 1, 'select 1; update t set a = ''x'' where b = 7 ; select 2', 9, 33),
	test_guard_execute(2, 1, 1, 'frobnicate the ''secret'' thing'),
	test_guard_execute(3, 1, 1, 'select ''' || repeat('x', 70000) || ''''),
	test_guard_execute(4, 1, 1, 'select 1 in (' || repeat('1,', 2000) || '1)'),
	test_guard_execute(5, 1, 1, '')});
is($node->safe_psql('postgres', q{SELECT queryid, rtrim(left(query, 60)), fingerprint IS NOT NULL FROM rlsproof.guard_queries ORDER BY queryid}),
	<<'ROWS' =~ s/\n\z//r, 'the statement alone, in normal form; where there is none, no text at all');
1|update t set a = $1 where b = $2|t
2|(a statement whose constants could not be taken out)|f
3|(a statement whose constants could not be taken out)|f
4|select $1 in ($2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$1|t
5||t
ROWS
$node->safe_psql('postgres', 'CREATE DATABASE latin ENCODING LATIN1 LOCALE \'C\' TEMPLATE template0; CREATE DATABASE utf8 ENCODING UTF8 LOCALE \'C\' TEMPLATE template0; CREATE DATABASE bytes ENCODING SQL_ASCII LOCALE \'C\' TEMPLATE template0');
$ENV{PGCLIENTENCODING} = 'UTF8';
$node->safe_psql($_, "CREATE EXTENSION rlsproof; $functions") for qw(latin utf8 bytes);
$node->safe_psql('postgres', 'SELECT rlsproof.guard_reset()');
my ($e, $sun) = ("\x{c3}\x{a9}", "\x{e6}\x{97}\x{a5}");
$node->safe_psql('latin', record(query => "select $e", route => "/$e", shape => 1) . qq{CREATE TABLE "t$e" ();}
	. record(query => 'table', table => "'t$e'::regclass", shape => 2) . "SELECT test_guard_execute(1, 1, 1, 'select ''$e'' as $e /*route=''$e''*/')");
$node->safe_psql('utf8', record(query => "select $e, $sun", shape => 3) . "SELECT test_guard_execute(2, 1, 1, 'select ''$sun'' as $sun')");
$node->safe_psql('bytes', record(query => "select $e", shape => 4));
my $texts = 'SELECT fingerprint::bit(64)::bigint, query, route, table_name FROM (SELECT (\'x\' || fingerprint)::bit(64)::bigint AS fingerprint, query, route, table_name FROM rlsproof.guard_events) e ORDER BY 1;
	SELECT queryid, query, route FROM rlsproof.guard_queries ORDER BY 1';
is($node->safe_psql('utf8', $texts), "1|select $e|/$e|\n2|table||public.\"t$e\"\n3|select $e, $sun||\n4|select ??||\n"
	. "1|select \$1 as $e|$e\n2|select \$1 as $sun|", 'texts of other encodings are converted');
is($node->safe_psql('latin', $texts), "1|select $e|/$e|\n2|table||public.\"t$e\"\n3|select $e, ?||\n4|select ??||\n"
	. "1|select \$1 as $e|$e\n2|select \$1 as ?|", 'as far as there are such characters here');
is($node->safe_psql('bytes', $texts), "1|select ?|/?|\n2|table||public.\"t?\"\n3|select ??, ???||\n4|select $e||\n"
	. "1|select \$1 as ??|?\n2|select \$1 as ???|", 'or an encoding at all');

# A flood of shapes takes neither the backend's memory nor the C library's.
$node->safe_psql('postgres', 'SELECT rlsproof.guard_reset()');
my $flood = q{SELECT count(test_guard_execute(n, 1, 1, 'select ' || repeat('a, ', 50) || n || ' as c' || n)),
	count(test_guard_record('no_limit', 'log', 'reported', n, 'select', 0, n, '', 1)) FROM generate_series(1, %d) n;};
my $memory = q{SELECT test_heap() + (SELECT sum(total_bytes) FROM pg_backend_memory_contexts WHERE name = 'TopMemoryContext');};
$session = $node->background_psql('postgres');
$session->query_safe(sprintf $flood, 1000) for 1 .. 3;
my $before = $session->query_safe($memory);
$session->query_safe(sprintf $flood, 20000);
# One byte for each of them would be seen.
cmp_ok($session->query_safe($memory) - $before, '<', 20000, 'twenty thousand shapes take no memory');
$session->quit;

# --- restart and crash -----------------------------------------------------------------------------------------------

$node->safe_psql('postgres', record());
$node->restart;
is(status(), 'events 0/64 evicted 0 lost 0, recent 0/16 overwritten 0, queries 0/64 evicted 0, executions lost 0',
	'a restart begins anew');

$session = $node->background_psql('postgres', on_error_stop => 0);
my $pid = $session->query_safe('SELECT pg_backend_pid()');
$session->query_safe(record() . 'SELECT test_guard_execute(1, 1, 1, $$select 1$$)');
is($node->safe_psql('postgres', 'SELECT count(*) FROM rlsproof.guard_events'), '1', 'something is there before the crash');
my $position = -s $node->logfile;
kill 'KILL', $pid;
$node->wait_for_log(qr/database system is ready to accept connections/, $position);
$session->{run}->finish;
$node->poll_query_until('postgres', 'SELECT true');
is(status(), 'events 0/64 evicted 0 lost 0, recent 0/16 overwritten 0, queries 0/64 evicted 0, executions lost 0',
	'a crash does so too');
$node->safe_psql('postgres', record(times => 4) . 'SELECT test_guard_execute(1, 1, 1, $$select 1$$)');
is($node->safe_psql('postgres', 'SELECT count FROM rlsproof.guard_events UNION ALL SELECT calls FROM rlsproof.guard_queries'),
	"4\n1", 'and everything works as before');

# --- beside others, in either order ----------------------------------------------------------------------------------

for my $libraries ('pg_stat_statements,rlsproof,rlsproof_test', 'rlsproof,rlsproof_test,pg_stat_statements')
{
	$node->adjust_conf('postgresql.conf', 'shared_preload_libraries', "'$libraries'");
	$node->restart;
	$node->safe_psql('postgres', 'CREATE EXTENSION IF NOT EXISTS pg_stat_statements;' . record());
	is($node->safe_psql('postgres', 'SELECT count FROM rlsproof.guard_events'), '1', "events with $libraries");
	cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM pg_stat_statements'), '>', 0, "statements with $libraries");
}

# --- what really runs ------------------------------------------------------------------------------------------------

$node->adjust_conf('postgresql.conf', 'shared_preload_libraries', "'rlsproof'");
$node->append_conf('postgresql.conf', "rlsproof.track_queries = on\nrlsproof.rule_write_without_where = warn");
$node->restart;
$node->safe_psql('postgres', 'CREATE TABLE items (id integer PRIMARY KEY, note text); INSERT INTO items SELECT n, n FROM generate_series(1, 100) n;
	GRANT ALL ON items TO ann, bob');
my ($status, $out, $err) = $node->psql('postgres', "UPDATE items SET note = 'x' /*route='%2Fitems',action='touch'*/; UPDATE items SET note = 'y'",
	extra_params => [ '--username', 'ann' ]);
is($node->safe_psql('postgres', 'SELECT rule, query, role, database, table_name, mode, reported, held, count, fingerprint = rlsproof.fingerprint(query)
	FROM rlsproof.guard_events'), 'write_without_where|UPDATE items SET note = $1|ann|postgres|public.items|warn|1|1|2|t',
	'a rule that is broken twice is an event, reported once and held once') or diag $err;
is($node->safe_psql('postgres', 'SELECT rule, query, role FROM rlsproof.guard_recent'),
	'write_without_where|UPDATE items SET note = $1|ann', 'and one in the ring');

# An audit tells of what was seen in its database.
my $in_audit = q{SELECT rule, level, category, object, message, detail, evidence FROM rlsproof.audit() WHERE rule IN ('write_without_where', 'rls_bypass')};
is($node->safe_psql('postgres', $in_audit), 'write_without_where|warning|permissions|public.items|seen 2 times: no condition limits the rows that are changed|'
	. 'By ann, in one shape of query: UPDATE items SET note = $1.|execution', 'a finding of what was seen');
$node->safe_psql('postgres', 'CREATE DATABASE elsewhere');
$node->safe_psql('elsewhere', 'CREATE EXTENSION rlsproof');
is($node->safe_psql('elsewhere', $in_audit), '', 'and none of what was seen elsewhere');
$node->safe_psql('postgres', q{SELECT rlsproof.waive('write_without_where', 'public.items', 'a test', '2999-01-01')});
is($node->safe_psql('postgres', $in_audit), '', 'a waiver silences it');
$node->safe_psql('postgres', q{DELETE FROM rlsproof.waivers});
$node->safe_psql('postgres', 'SELECT rlsproof.guard_reset()');
query('postgres', 'bob', "PREPARE p AS SELECT note FROM items WHERE id = \$1; BEGIN; "
	. join('', map { "EXECUTE p($_);" } 1 .. 30) . "SELECT note FROM items WHERE id = 7 /*route='%2Fitem'*/; "
	. "SELECT note FROM items WHERE id = 8 /*route='%2Fitem'*/; SELECT note FROM items; COMMIT;");
# What a session has counted it hands over as it ends, which is after its client was told good-bye.
$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE usename = 'bob'");
is($node->safe_psql('postgres', q{SELECT query, route, calls, rows FROM rlsproof.guard_queries WHERE role = 'bob' ORDER BY 1, 2}),
	<<'ROWS' =~ s/\n\z//r, 'latencies of prepared statements and plain ones, by route');
SELECT note FROM items||1|100
SELECT note FROM items WHERE id = $1|/item|2|2
SELECT note FROM items WHERE id = $1||30|30
ROWS
$session = $node->background_psql('postgres');
$session->query_safe('SELECT count(*) FROM items') for 1 .. 5;
is($session->query_safe("SELECT calls, rows, p50_ms BETWEEN 0 AND p95_ms, p99_ms <= max_ms FROM rlsproof.guard_queries WHERE query ILIKE 'select count(*) from items'"),
	'5|5|t|t', 'a session that asks sees all of its own');
$session->quit;
my $counters = q{SELECT string_agg(concat_ws(' ', item, value, about), ', ') FROM rlsproof.guard_status() WHERE item IN ('events', 'recent', 'queries')};
$node->safe_psql('postgres', 'SELECT rlsproof.guard_reset()');
query('postgres', 'bob', "UPDATE items SET note = 'x' WHERE id = 7; SELECT note FROM items WHERE id = 8");
like($node->safe_psql('postgres', $counters), qr/^events 0 of 64 .* recent 0 of 16 .* queries [1-9]\d* of 64 /,
	'what breaks no rule leaves nothing but latencies');
$node->safe_psql('postgres', 'ALTER ROLE bob SET rlsproof.track_queries = off; SELECT rlsproof.guard_reset()');
query('postgres', 'bob', 'SELECT note FROM items');
is($node->safe_psql('postgres', q{SELECT count(*) FROM rlsproof.guard_queries WHERE role = 'bob'}), '0', 'where it is off nothing is kept');

unlike(slurp_file($node->logfile), qr/TRAP|PANIC|signal 11|signal 6/, 'nothing crashed that was not killed');
$node->stop;
done_testing();
