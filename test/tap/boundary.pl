# What a single session cannot show of the boundary: a backend that is ended in the middle of C++, one whose exit
# callbacks fail, and databases in other encodings. The server must neither crash nor restart.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('boundary');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nlog_min_messages = log");
$node->start;
my $started = $node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()');
$node->safe_psql('postgres', q{
	CREATE FUNCTION test_loop() RETURNS void LANGUAGE c AS '$libdir/rlsproof_test', 'test_loop';
	CREATE FUNCTION test_raise(place text, how text) RETURNS void LANGUAGE c AS '$libdir/rlsproof_test', 'test_raise';
	CREATE FUNCTION test_nested(levels integer, how text) RETURNS void LANGUAGE c
		AS '$libdir/rlsproof_test', 'test_nested';
	CREATE FUNCTION test_probe(role oid, sql text, OUT ok boolean, OUT sqlstate text, OUT message text,
		OUT detail text, OUT hint text, OUT context text) LANGUAGE c AS '$libdir/rlsproof_test', 'test_probe';
	CREATE TABLE t (a integer);
});

# Starts the statement in a session of its own, sends it the signal once it works, and returns what psql said.
sub interrupt
{
	my ($statement, $signal) = @_;
	my ($out, $err) = ('', '');
	my $session = IPC::Run::start(
		[ 'psql', '--no-psqlrc', '--quiet', '--dbname', $node->connstr('postgres'), '--command', $statement ],
		'>' => \$out, '2>' => \$err);
	$node->poll_query_until('postgres',
		"SELECT count(*) = 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%/* stop me */%'
			AND pid <> pg_backend_pid()") or die 'the statement did not start';
	$node->safe_psql('postgres',
		"SELECT $signal(pid) FROM pg_stat_activity WHERE query LIKE '%/* stop me */%' AND pid <> pg_backend_pid()");
	$session->finish;
	return $err;
}

my @loops = (
	'INSERT INTO t VALUES (1) /* stop me */; SELECT test_loop()',
	"SELECT test_probe(0, 'SELECT test_loop()') /* stop me */",
	"DO \$\$ BEGIN PERFORM test_loop() /* stop me */; EXCEPTION WHEN OTHERS THEN NULL; END \$\$");
for my $loop (@loops)
{
	like(interrupt($loop, 'pg_terminate_backend'), qr/FATAL:  terminating connection due to administrator command/,
		"terminated: $loop");
	like(interrupt($loop, 'pg_cancel_backend'), qr/ERROR:  canceling statement due to user request/, "cancelled: $loop");
}
is($node->safe_psql('postgres', 'SELECT count(*) FROM t'), '0', 'what was interrupted left no row');

# Callbacks at the end of the process: one that is contained, one that raises.
for my $how (qw(server own memory odd))
{
	my $position = -s $node->logfile;
	$node->safe_psql('postgres',
		"LOAD '\$libdir/rlsproof_test'; SET test.how = '$how'; SET test.fail_at = 'process_exit'; SELECT 1");
	ok($node->poll_query_until('postgres', 'SELECT count(*) = 1 FROM pg_stat_activity WHERE datname IS NOT NULL'),
		"session ended, failing at its end: $how");
	like(slurp_file($node->logfile, $position), qr/LOG:  contained at the end of the process/, "contained: $how");

	$node->psql('postgres',
		"LOAD '\$libdir/rlsproof_test'; SET test.how = '$how'; SET test.fail_at = 'before_exit'; SELECT 1");
	$node->wait_for_log(qr/FATAL:  (from the server|from the core|out of memory|unexpected C\+\+ exception)/, $position);
	ok($node->poll_query_until('postgres', 'SELECT count(*) = 1 FROM pg_stat_activity WHERE datname IS NOT NULL'),
		"session ended, raising at its end: $how");
}

# Other encodings: texts are converted on the way in and out, and positions are characters.
for my $encoding (qw(LATIN1 SQL_ASCII EUC_JP))
{
	$node->safe_psql('postgres', "CREATE DATABASE \"$encoding\" ENCODING '$encoding' LOCALE 'C' TEMPLATE template0");
	$node->safe_psql($encoding, 'CREATE EXTENSION rlsproof');
}
$ENV{PGCLIENTENCODING} = 'UTF8';
is($node->safe_psql('LATIN1', "SELECT rlsproof.normalize('select 1 as \"\x{c3}\x{a9}\"')"),
	"select \$1 as \"\x{c3}\x{a9}\"", 'normal form in LATIN1');
is($node->safe_psql('LATIN1', "SELECT ordinal, start, length FROM rlsproof.split('\x{c3}\x{a9}; \x{c3}\x{a9}a')"),
	"1|1|1\n2|4|2", 'statements in LATIN1');
is( $node->safe_psql('EUC_JP', "SELECT start, length, statement FROM rlsproof.split('\x{e6}\x{97}\x{a5}; a')"),
	"1|1|\x{e6}\x{97}\x{a5}\n4|1|a", 'statements in EUC_JP');
my ($status, $out, $err) = $node->psql('LATIN1', "SELECT rlsproof.normalize('select ''\x{c3}\x{a9}'', frm x y z')");
like($err, qr/syntax error at or near "y"\nLINE 1: select '\x{c3}\x{a9}', frm x y z\n {26}\^/, 'position in LATIN1');
is($node->safe_psql('SQL_ASCII', "SELECT start, length FROM rlsproof.split('\x{c3}\x{a9}; a')"), "1|2\n5|1",
	'a database without an encoding counts bytes');
($status, $out, $err) = $node->psql('SQL_ASCII', "SELECT rlsproof.normalize(E'select ''\\xe9''')");
like($err, qr/invalid byte sequence for encoding "UTF8"/, 'and refuses what is not UTF-8');

is($node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()'), $started, 'the server never restarted');
unlike(slurp_file($node->logfile), qr/terminated by signal|PANIC/, 'no backend crashed');
$node->stop;
done_testing();
