# Whose rows a statement reads, as the guard says, against what a plain query over the same rows says: conditions at random,
# every kind of plan, two tenants and a third that nobody is. And with `error` no second tenant's row leaves the server.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $wanted = $ENV{RLSPROOF_CELLS} // 120;
my $seed = $ENV{RLSPROOF_SEED} // 20261122;
srand $seed;
note "seed $seed, $wanted queries";

my $node = PostgreSQL::Test::Cluster->new('tenants');
$node->init;
$node->append_conf('postgresql.conf', <<'CONF');
fsync = off
autovacuum = off
shared_preload_libraries = 'rlsproof'
rlsproof.report_interval = 0
CONF
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION rlsproof;
CREATE TABLE t (id int PRIMARY KEY, note text, org int, k int, f boolean);
CREATE INDEX ON t (org, k); CREATE INDEX ON t (k); CREATE INDEX ON t (id, k) WHERE f;
CREATE TABLE p (f boolean, id int, k int, note text, org int) PARTITION BY RANGE (id);
CREATE TABLE p0 PARTITION OF p FOR VALUES FROM (0) TO (80);
CREATE TABLE p1 (org int, gone int, k int, id int, note text, f boolean);
ALTER TABLE p1 DROP COLUMN gone;
ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (80) TO (1000);
CREATE INDEX ON p (k);
CREATE TABLE line (id int PRIMARY KEY, t_id int REFERENCES t, k int, f boolean);
INSERT INTO t SELECT g, repeat('n', g % 50), CASE WHEN g % 11 = 0 THEN NULL ELSE 1 + (g / 40) % 3 END, g % 13, g % 3 = 0 FROM generate_series(1, 200) g;
INSERT INTO p SELECT f, id, k, note, org FROM t;
INSERT INTO line SELECT g, 1 + g % 200, g % 13, g % 2 = 0 FROM generate_series(1, 150) g;
CREATE VIEW whose AS SELECT 't' AS rel, id, org, k, f FROM t UNION ALL SELECT 'p', id, org, k, f FROM p
	UNION ALL SELECT 'line', line.id, t.org, line.k, line.f FROM line JOIN t ON t.id = line.t_id;
CREATE FUNCTION odd(int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN $1 % 2 = 1; END';
SELECT rlsproof.tenancy('public.*', 'org', 'setting:app.org'), rlsproof.tenancy('public.line', 't_id -> public.t.org', 'setting:app.org');
VACUUM ANALYZE;
SQL

sub any { return $_[int rand @_] }
sub condition
{
	my ($t, $depth) = @_;
	return any('true', "$t.id < " . int rand 210, "$t.id = " . (1 + int rand 200), "$t.id > " . int rand 210, "$t.k = " . int rand 13, "$t.k < 3", "$t.f",
		"odd($t.id)", "$t.id BETWEEN " . join(' AND ', sort { $a <=> $b } map { int rand 200 } 1, 2), "$t.k IN (1, 4, 12)")
		if $depth == 0 || rand() < 0.4;
	return '(' . condition($t, $depth - 1) . any(' AND ', ' AND ', ' OR ') . condition($t, $depth - 1) . ')';
}
my @plans = ('', 'SET LOCAL enable_seqscan = off;', 'SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off;', 'SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off;',
	'SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0; SET LOCAL min_parallel_index_scan_size = 0;',
	'SET LOCAL jit_above_cost = 0; SET LOCAL jit_optimize_above_cost = 0;', 'SET LOCAL plan_cache_mode = force_generic_plan;');

# What is sent, with the table it reads and the condition on it: the scan hands on just the rows that meet it.
my (@sent, @expected);
for my $n (1 .. $wanted)
{
	my $rel = any(qw(t t p line));
	my $where = condition('x', 2);
	my $select = any('count(*)', 'id', 'k', 'sum(k)', 'id, k', 'DISTINCT id % 7', 'sum(id) OVER (), id');
	my $query = "SELECT $select FROM $rel x WHERE $where";
	my $way = int rand 6;
	$query = "SELECT * FROM ($query OFFSET 0) o" if $way == 1;
	$query = "WITH o AS MATERIALIZED ($query) SELECT * FROM o" if $way == 2;
	$query = "PREPARE q AS $query; EXECUTE q; DEALLOCATE q" if $way == 3;
	$query = "COPY ($query) TO STDOUT" if $way == 4;
	$query = "UPDATE $rel x SET f = f WHERE $where" if $way == 5;
	push @sent, any(@plans) . " $query;";
	push @expected, "SELECT count(DISTINCT coalesce(org, -1)) || ' ' || count(*) || ' ' || count(*) FILTER (WHERE org IS DISTINCT FROM 2) FROM whose x WHERE rel = '$rel' AND $where";
}
my @truth = split /\n/, $node->safe_psql('postgres', join('', map { "$_;\n" } @expected));
is(scalar @truth, $wanted, 'a plain query says whose rows they are, for each');

my ($status, $out, $err) = $node->psql('postgres',
	"SET app.org = '2'; SET rlsproof.rule_tenant_mixed = warn; SET rlsproof.rule_tenant_mismatch = warn;\n"
		. join('', map { "\\warn -- $_\nBEGIN; $sent[$_]\nROLLBACK;\n" } 0 .. $#sent), on_error_stop => 1);
is($status, 0, 'all of them ran') or diag $err;
my %said = map { /^(\d+)\n(.*)/s ? ($1 => $2) : () } split /^-- /m, $err;
my ($mixed, $other, $wrong) = (0, 0, 0);
for my $n (0 .. $#sent)
{
	my ($tenants, $rows, $others) = split / /, $truth[$n];
	my ($seen_tenants, $seen_rows) = $said{$n} =~ /(\d+) tenants counted\. (\d+) rows were looked at/;
	my ($seen_others) = $said{$n} =~ /Rule tenant_mismatch, table [^,]*, (\d+) rows counted/;
	$mixed++ if $tenants > 1;
	$other++ if $others > 0;
	my $right = ($tenants > 1 ? ($seen_tenants // 0) == $tenants && $seen_rows == $rows : !defined $seen_tenants) && ($seen_others // 0) == $others;
	diag "$sent[$n]\nplain: $truth[$n]\nguard: $said{$n}" if !$right && $wrong++ < 3;
}
is($wrong, 0, 'the guard says what a plain query says');
cmp_ok($mixed, '>', $wanted / 4, 'many read several tenants');
cmp_ok($other, '>', $wanted / 4, 'and rows that are not of the session\'s');
cmp_ok($wanted - $mixed, '>', $wanted / 20, 'and some do not');

# What leaves the server where it is refused.
my @rows = map { my ($rel, $where) = (any(qw(t p)), condition('x', 2)); [$rel, $where, any(@plans)] } 1 .. $wanted / 2;
for my $mode (qw(mixed mismatch))
{
	my ($done, $answers) = $node->psql('postgres', "SET app.org = '2'; SET rlsproof.rule_tenant_$mode = error;\n"
			. join('', map { "\\echo -- $_\nBEGIN; $rows[$_][2] DECLARE c CURSOR FOR SELECT coalesce(org, -1) FROM $rows[$_][0] x WHERE $rows[$_][1];\n"
				. "FETCH 1 FROM c;\n" x 3 . "FETCH ALL FROM c;\n\\echo :LAST_ERROR_SQLSTATE\nROLLBACK;\n" } 0 .. $#rows), on_error_stop => 0);
	my ($leaks, $stopped) = (0, 0);
	for my $part (split /^-- \d+\n/m, $answers)
	{
		my %tenants = map { $_ => 1 } $part =~ /^(-?\d)$/mg;
		$leaks++ if $mode eq 'mixed' ? keys %tenants > 1 : grep { $_ != 2 } keys %tenants;
		$stopped++ if $part =~ /^(42R0\w|25P02)$/m;
	}
	is($leaks, 0, "$mode: no row of another tenant left");
	cmp_ok($stopped, '>', 5, "$mode: and some were stopped");
}
$node->stop;
done_testing();
