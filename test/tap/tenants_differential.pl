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
-- The tenant where it lies in the same place in every row, nearly: with NULLs before and behind it, a column that went, and
-- one that came when there were rows.
CREATE TABLE early (n int, gone int8, org int8, id int, k int, f boolean, spare text);
ALTER TABLE early DROP COLUMN gone;
CREATE TABLE short (id int PRIMARY KEY, k int, org int);
INSERT INTO early SELECT CASE WHEN g % 5 > 0 THEN g END, org, id, k, f, CASE WHEN g % 7 > 3 THEN 's' END FROM t, LATERAL (SELECT t.id) g(g) ORDER BY id;
INSERT INTO short SELECT id, k, org FROM t WHERE id <= 120 ORDER BY id;
ALTER TABLE short ADD COLUMN f boolean;
INSERT INTO short SELECT id, k, org, f FROM t WHERE id > 120 ORDER BY id;
UPDATE short SET f = t.f FROM t WHERE t.id = short.id AND t.id % 4 = 0;
CREATE TABLE by_uuid (id int PRIMARY KEY, u uuid, k int, f boolean);
INSERT INTO by_uuid SELECT id, lpad(org::text, 32, '0')::uuid, k, f FROM t ORDER BY id;
CREATE INDEX ON early (id, k); CREATE INDEX ON by_uuid (k, u);
CREATE VIEW whose AS SELECT 't' AS rel, id, org, k, f FROM t UNION ALL SELECT 'p', id, org, k, f FROM p
	UNION ALL SELECT 'line', line.id, t.org, line.k, line.f FROM line JOIN t ON t.id = line.t_id
	UNION ALL SELECT 'early', id, org, k, f FROM early UNION ALL SELECT 'short', id, org, k, f FROM short
	UNION ALL SELECT 'by_uuid', id, right(u::text, 1)::int, k, f FROM by_uuid;
CREATE FUNCTION odd(int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN $1 % 2 = 1; END';
SELECT rlsproof.tenancy('public.*', 'org', 'setting:app.org'), rlsproof.tenancy('public.line', 't_id -> public.t.org', 'setting:app.org'),
	rlsproof.tenancy('public.by_uuid', 'u', 'setting:app.uuid');
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
my $session = "SET app.org = '2'; SET app.uuid = '00000000-0000-0000-0000-000000000002';";
my @plans = ('', 'SET LOCAL enable_seqscan = off;', 'SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off;', 'SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off;',
	'SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0; SET LOCAL min_parallel_index_scan_size = 0;',
	'SET LOCAL jit_above_cost = 0; SET LOCAL jit_optimize_above_cost = 0;', 'SET LOCAL plan_cache_mode = force_generic_plan;');

# What is sent, with the table it reads and the condition on it: the scan hands on just the rows that meet it.
my (@sent, @expected);
for my $n (1 .. $wanted)
{
	my $rel = any(qw(t t p line early early short by_uuid));
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
	"$session SET rlsproof.rule_tenant_mixed = warn; SET rlsproof.rule_tenant_mismatch = warn;\n"
		. join('', map { "\\warn -- $_\nBEGIN; $sent[$_]\nROLLBACK;\n" } 0 .. $#sent), on_error_stop => 1);
is($status, 0, 'all of them ran') or diag $err;
my %said = map { /^(\d+)\n(.*)/s ? ($1 => $2) : () } split /^-- /m, $err;
my ($mixed, $other, $wrong) = (0, 0, 0);
for my $n (0 .. $#sent)
{
	my ($tenants, $rows, $others) = split / /, $truth[$n];
	$said{$n} //= '';
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
my @rows = map { my ($rel, $where) = (any(qw(t p early short)), condition('x', 2)); [$rel, $where, any(@plans)] } 1 .. $wanted / 2;
for my $mode (qw(mixed mismatch))
{
	my ($done, $answers) = $node->psql('postgres', "$session SET rlsproof.rule_tenant_$mode = error;\n"
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

# Statements of several scans: which rows each hands on is the plan's affair, but what comes out of them is not. Whatever the
# shape, no tenant comes out that was not told of.
my @tables = qw(t t p early short by_uuid line);
sub tenant { my ($rel, $t) = @_; return "CASE WHEN $t.id IS NULL THEN '' ELSE coalesce(" . ($rel eq 'by_uuid' ? "right($t.u::text, 1)" : "$t.org::text") . ", '-') END" }
sub joined
{
	my ($x, $y) = map { any(grep { $_ ne 'line' } @tables) } 1, 2;
	my ($on, $where) = (any('x.id = y.id', 'x.k = y.k AND x.id < y.id + 20', 'x.id = y.k', $x ne 'by_uuid' && $y ne 'by_uuid' ? 'x.org = y.org AND x.id = y.id' : 'x.id = y.id',
		'y.id = x.id AND y.k = 3'), condition('x', 1) . any('', ' AND ' . condition('y', 1)));
	my ($a, $b) = (tenant($x, 'x'), tenant($y, 'y'));
	$where = "x.org = 2 AND $where" if $x ne 'by_uuid' && rand() < 0.3;
	my $way = int rand 12;
	return "SELECT $a || $b FROM $x x " . any('', 'LEFT', 'RIGHT') . " JOIN $y y ON $on WHERE $where" if $way < 4;
	return "SELECT $a FROM $x x WHERE " . any('', 'NOT ') . "EXISTS (SELECT FROM $y y WHERE $on) AND " . condition('x', 1) if $way == 4;
	return "SELECT $a FROM $x x WHERE " . condition('x', 1) . " UNION ALL SELECT $b FROM $y y WHERE " . condition('y', 1) if $way == 5;
	return "SELECT l.w FROM $x x, LATERAL (SELECT $b AS w FROM $y y WHERE $on ORDER BY y.id LIMIT 2) l WHERE " . condition('x', 1) if $way == 6;
	return "SELECT string_agg(DISTINCT $a, '') FROM $x x TABLESAMPLE SYSTEM (100) WHERE " . condition('x', 1) . ' GROUP BY x.k' if $way == 7;
	return "SELECT $a FROM $x x WHERE ctid IN ('(0,1)', '(0,5)', '(0,60)', '(0,9)') OR ctid > '(0,180)'" if $way == 8;
	return "WITH RECURSIVE r(id, w, deep) AS (SELECT x.id, $a, 0 FROM $x x WHERE x.id = " . int(rand 200) . " UNION ALL SELECT y.id, $b, deep + 1 FROM r JOIN $y y ON y.id = r.id + 40 WHERE deep < 4) SELECT w FROM r" if $way == 9;
	return "SELECT (SELECT max($b) FROM $y y WHERE $on) FROM $x x WHERE " . condition('x', 1) if $way == 10;
	return "SELECT $a FROM $x x WHERE " . condition('x', 1) . ' ORDER BY ' . any('x.k, x.id', 'x.id DESC') . ' LIMIT ' . int rand 20;
}
my @joins = map { [any(@plans, 'SET LOCAL enable_hashjoin = off;', 'SET LOCAL enable_nestloop = off;', 'SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;',
	'SET LOCAL enable_hashjoin = off; SET LOCAL enable_nestloop = off;'), joined()] } 1 .. $wanted;
my ($ran, $result, $told) = $node->psql('postgres', "$session SET rlsproof.rule_tenant_mixed = warn; SET rlsproof.rule_tenant_mismatch = warn;\n"
	. join('', map { "\\warn -- $_\n\\echo -- $_\nBEGIN; $joins[$_][0] $joins[$_][1];\nROLLBACK;\n" } 0 .. $#joins), on_error_stop => 1);
is($ran, 0, 'statements of several scans ran') or diag $told;
my %came = map { /^(\d+)\n(.*)/s ? ($1 => $2) : () } split /^-- /m, $result;
my %heard = map { /^(\d+)\n(.*)/s ? ($1 => $2) : () } split /^-- /m, $told;
my ($silent, $several) = (0, 0);
for my $n (0 .. $#joins)
{
	my %tenants = map { $_ => 1 } ($came{$n} // "") =~ /[-\d]/g;
	my $one = keys %tenants == 1 && $tenants{2};
	# Tenants of another kind, those known by another setting, are no mixture with these; each of them is the session's.
	next if $one || !%tenants;
	$several++;
	$heard{$n} //= "";
	next if $heard{$n} =~ /tenant_mismatch/ && (keys %tenants < 2 || $joins[$n][1] =~ /by_uuid/ || $heard{$n} =~ /tenant_mixed/);
	diag "$joins[$n][0] $joins[$n][1]\ncame: $came{$n}\nguard: $heard{$n}" if $silent++ < 3;
}
is($silent, 0, 'no tenant comes out of a statement that the guard does not tell of');
cmp_ok($several, '>', $wanted / 3, 'and often others than the session\'s come out');
$node->stop;
done_testing();
