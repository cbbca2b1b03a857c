# What programs send, as their libraries write it, over the protocol and with parameters as they send it, with every rule
# at warn: each statement of test/data/program_statements.sql is warned of by the rules that stand behind it and by no
# other. A warning that a good colleague would not give is a failure here, and so is one that is missing.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RawSession;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('programs');
$node->init;
# Those for untrusted SQL are for nobody who wrote the program; the rest is as it comes.
my @rules = grep { !/^(read_only|unlisted_command|unlisted_function|catalog_read)$/ }
	slurp_file('src/server/guard/rules.cpp') =~ /\{Rule::([a-z_]+),/g;
cmp_ok(scalar @rules, '>=', 20, 'the rules are found');
$node->append_conf('postgresql.conf', join "\n", 'fsync = off', 'autovacuum = off', 'compute_query_id = on',
	"shared_preload_libraries = 'rlsproof'", 'rlsproof.report_interval = 0', 'rlsproof.series_window = 1h', 'wal_level = logical', map { "rlsproof.rule_$_ = warn" } @rules);
$node->start;
# With no statistics, as it is after a migration: what is said may not rest on them.
$node->safe_psql('postgres', <<'SQL');
SET rlsproof.guard = off;
CREATE EXTENSION rlsproof;
CREATE TABLE users (id int PRIMARY KEY, email varchar NOT NULL UNIQUE, orders_count int, note text);
CREATE TABLE orders (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users, status text, total numeric, created_at timestamptz DEFAULT now());
CREATE TABLE items (id int PRIMARY KEY, order_id int NOT NULL, sku text);
CREATE TABLE carts (id int PRIMARY KEY, user_id int, note text);
CREATE TABLE sessions (session_key text PRIMARY KEY, data text, expire_date timestamptz);
CREATE TABLE countries (code text PRIMARY KEY, name text);
CREATE TABLE jobs (id int PRIMARY KEY, queue text, run_at timestamptz, finished_at timestamptz, locked_by text, args text);
CREATE TABLE objects (id uuid PRIMARY KEY, bucket_id text, name text COLLATE "C", UNIQUE (bucket_id, name));
CREATE TABLE "_prisma_migrations" (id text PRIMARY KEY, checksum text, started_at timestamptz);
CREATE TABLE schema_migrations (version text PRIMARY KEY);
INSERT INTO users SELECT g, 'u' || g || '@example.com', 0, repeat('n', 100) FROM generate_series(1, 10000) g;
INSERT INTO orders SELECT g, 1 + g % 10000, 's' || g % 5, g, '2026-01-01'::timestamptz + g * interval '1 hour' FROM generate_series(1, 20000) g;
SELECT setval('orders_id_seq', 20000);
INSERT INTO items SELECT g, 1 + g % 20000, 'sku' FROM generate_series(1, 20000) g;
INSERT INTO carts SELECT g, g FROM generate_series(1, 100) g;
INSERT INTO sessions SELECT 'k' || g, repeat('d', 200), '2027-01-01' FROM generate_series(1, 5000) g;
INSERT INTO countries VALUES ('de', 'Germany'), ('fr', 'France');
INSERT INTO jobs SELECT g, 'default', '2026-01-01', CASE WHEN g % 100 > 0 THEN '2026-01-02'::timestamptz END, NULL, repeat('a', 100) FROM generate_series(1, 10000) g;
INSERT INTO objects SELECT gen_random_uuid(), 'b' || g % 3, 'a/' || g || '.png' FROM generate_series(1, 10000) g;
CREATE INDEX ON orders (user_id);
CREATE INDEX ON orders (created_at);
CREATE INDEX ON items (order_id);
CREATE INDEX ON sessions (expire_date);
CREATE INDEX ON jobs (run_at) WHERE finished_at IS NULL;
CREATE FUNCTION orders_of(a int) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM orders WHERE user_id = a';
CREATE ROLE web LOGIN;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO web;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO web;
SQL

# said(NOTICES): "rule table" of each warning, with its hint where the caller asks for them.
sub said
{
	my %seen;
	for (@_)
	{
		my ($rule, $table) = ($_->{D} // '') =~ /^Rule (\w+)(?:, table public\.(\w+))?/;
		$seen{ defined $rule ? join ' ', $rule, $table // () : "no rule of ours: $_->{M}" } = 1 if $_->{S} eq 'WARNING';
	}
	return join '; ', sort keys %seen;
}

for my $analyzed (0, 1)
{
	my $state = $analyzed ? 'analyzed' : 'never analyzed';
	$node->safe_psql('postgres', 'SET rlsproof.guard = off; VACUUM ANALYZE') if $analyzed;
	my ($session, $checked, $title) = (undef, 0, '');
	for (split /\n/, slurp_file('test/data/program_statements.sql'))
	{
		if (/^# (.*)/)
		{
			$title = $1;
			next;
		}
		if (!length)
		{
			$session->finish if defined $session;
			$session = RawSession->new($node, user => 'web');
			next;
		}
		my ($statement, $values, $expected) = /^(.*?)(?: <- (.*?))?(?: => (.*))?$/ or die "not understood: $_";
		$session->parse('', $statement);
		$session->bind('', '', defined $values ? split(/ \| /, $values) : ());
		$session->execute('');
		my $came = $session->sync;
		my $failed = defined $came->{error} ? " fails: $came->{error}{M}" : '';
		is(said(@{ $came->{notices} }) . $failed, $expected // '', "$state, $title: " . substr $statement, 0, 60);
		$checked++;
	}
	$session->finish;
	cmp_ok($checked, '>=', 100, 'programs send many things');
}

# Tools, as they are: no warning, but of what they are made for. What was said stands in the events: some hide notices.
sub tool
{
	my ($expected, $title, @command) = @_;
	$node->safe_psql('postgres', 'SET rlsproof.guard = off; SELECT rlsproof.guard_reset()');
	my ($out, $err) = ('', '');
	IPC::Run::run [ @command ], '>', \$out, '2>', \$err;
	my $said = $node->safe_psql('postgres', 'SET rlsproof.guard = off; SELECT DISTINCT rule FROM rlsproof.guard_events ORDER BY 1');
	is($said, join("\n", @$expected), $title) or diag $err;
	unlike($err, qr/ERROR|FATAL|fatal:/, "$title, and it works");
}
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGUSER} = 'postgres';
tool([], "psql $_", 'psql', '-Xq', '-d', 'postgres', '-c', $_)
	for '\d', '\d+ orders', '\dt+', '\di+', '\df', '\dfS+', '\l+', '\dn+', '\du', '\dp', '\dx', '\dT+', '\dv', '\ds', '\drds', '\dRp+';
tool(['copy_out'], 'pg_dump', 'pg_dump', '-f', '/dev/null', 'postgres');
tool(['copy_out'], 'pg_dump -j2 --serializable-deferrable', 'pg_dump', '-Fd', '-j2', '--serializable-deferrable', '-f', $node->basedir . '/dump', 'postgres');
tool([], 'pg_dump --schema-only', 'pg_dump', '-s', '-f', '/dev/null', 'postgres');
tool([], 'pg_restore into another database', 'sh', '-c', "createdb again && pg_restore -d again '" . $node->basedir . "/dump'");
# They load in one transaction, and say so.
tool(['transaction_rows_written'], 'pgbench -i', 'pgbench', '-i', '-q', '-s', '1', 'postgres');
tool(['transaction_rows_written'], 'pgbench -i again, with foreign keys and steps of its own', 'pgbench', '-i', '-q', '-I', 'dtGvpf', 'postgres');
tool([], "pgbench $_", 'pgbench', '-n', '-t', '20', '-b', $_, 'postgres') for 'tpcb-like', 'simple-update';
tool([], "pgbench -M $_", 'pgbench', '-n', '-t', '5', '-M', $_, '-b', 'tpcb-like', 'postgres') for 'extended', 'prepared';
# One row after the other with nothing between: that is what the rule is about.
tool(['n_plus_one'], 'pgbench select-only', 'pgbench', '-n', '-t', '50', '-b', 'select-only', 'postgres');
tool([], 'vacuumdb', 'vacuumdb', '-q', '--analyze', '--all');
tool([], 'vacuumdb --full', 'vacuumdb', '-q', '--full', 'postgres');
tool([], 'clusterdb', 'sh', '-c', "psql -Xqc 'SET rlsproof.guard = off; CLUSTER orders USING orders_pkey' postgres && clusterdb -q postgres");
tool([], 'reindexdb', 'reindexdb', '-q', 'postgres');
tool([], 'reindexdb --concurrently', 'reindexdb', '-q', '--concurrently', '-t', 'orders', 'postgres');

# What the server asks itself on the way to what was sent.
$node->safe_psql('postgres', <<'SQL');
SET rlsproof.guard = off;
CREATE MATERIALIZED VIEW totals AS SELECT user_id, sum(total) AS total FROM orders GROUP BY user_id;
CREATE UNIQUE INDEX ON totals (user_id);
UPDATE orders SET total = coalesce(total, 0) + 1;
CREATE TABLE parts (id int, user_id int) PARTITION BY RANGE (id);
CREATE TABLE part_1 (id int, user_id int);
INSERT INTO part_1 SELECT g, g FROM generate_series(1, 20000) g;
CREATE TABLE copied (LIKE users INCLUDING ALL);
SQL
tool([], $_, 'psql', '-Xq', '-d', 'postgres', '-c', $_)
	for 'ALTER TABLE items ADD FOREIGN KEY (order_id) REFERENCES orders',
	'ALTER TABLE parts ATTACH PARTITION part_1 FOR VALUES FROM (1) TO (100000)',
	'ALTER TABLE part_1 ADD FOREIGN KEY (user_id) REFERENCES orders (id)',
	'ALTER TABLE orders ADD CHECK (total > 0), ALTER COLUMN total SET NOT NULL',
	'ALTER TABLE carts ALTER COLUMN note TYPE varchar',
	'CREATE INDEX CONCURRENTLY ON orders (total)';
# All of a table is what its query reads; comparing what came of it with what was there is not.
tool(['full_scan'], $_, 'psql', '-Xq', '-d', 'postgres', '-c', $_)
	for 'REFRESH MATERIALIZED VIEW totals', 'REFRESH MATERIALIZED VIEW CONCURRENTLY totals';
tool(['copy_out'], '\\copy', 'psql', '-Xq', '-d', 'postgres', '-c', '\copy users TO /dev/null');

done_testing();
