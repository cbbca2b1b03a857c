# What the guard does not do: change an answer. Queries at random, over tables with partitions, children, policies, views
# and triggers, reads and writes, run with the guard off, with every rule at log, and with every rule at warn; results,
# row counts, SQLSTATEs and what the tables hold afterwards have to be the same.
#
# RLSPROOF_CELLS says how many queries, RLSPROOF_SEED where to begin.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{RLSPROOF_SEED} // 20261121;
my $wanted = $ENV{RLSPROOF_CELLS} // 150;
srand $seed;
note "seed $seed, $wanted queries";

my $node = PostgreSQL::Test::Cluster->new('same');
$node->init;
$node->append_conf('postgresql.conf', <<'CONF');
fsync = off
autovacuum = off
shared_preload_libraries = 'rlsproof'
rlsproof.small_table = 0
rlsproof.report_interval = 0
rlsproof.max_scan_rows = 0
rlsproof.max_rows_read = 0
rlsproof.max_result_rows = 0
rlsproof.no_limit_rows = 0
rlsproof.max_offset = 0
rlsproof.n_plus_one_count = 2
rlsproof.repeated_query_count = 2
rlsproof.max_transaction_rows_read = 0
rlsproof.max_transaction_rows_written = 0
CONF
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE base');
$node->safe_psql('base', <<'SQL');
CREATE EXTENSION rlsproof;
CREATE ROLE app LOGIN;
CREATE TABLE a (id int PRIMARY KEY, k int, s text, n numeric, f boolean NOT NULL DEFAULT false);
CREATE TABLE b (id int PRIMARY KEY, k int REFERENCES a ON DELETE CASCADE ON UPDATE CASCADE, s text, n numeric, f boolean NOT NULL DEFAULT false);
CREATE TABLE p (id int, k int, s text, n numeric, f boolean NOT NULL DEFAULT false, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE p0 PARTITION OF p FOR VALUES IN (0, 1, 2);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (3, 4);
CREATE TABLE p2 PARTITION OF p DEFAULT;
CREATE TABLE c (id int PRIMARY KEY, k int, s text, n numeric, f boolean NOT NULL DEFAULT false);
CREATE TABLE c1 (more text) INHERITS (c);
CREATE TABLE log (line text);
CREATE INDEX ON a (k); CREATE INDEX ON b (k); CREATE INDEX ON p (s); CREATE INDEX ON b (n) WHERE f;
CREATE VIEW v AS SELECT a.id, b.k, a.s, b.n, a.f FROM a JOIN b ON b.k = a.id;
CREATE VIEW w AS SELECT * FROM b WHERE NOT f;
INSERT INTO a SELECT g, g % 7, 's' || g % 5, g * 1.5, g % 3 = 0 FROM generate_series(1, 60) g;
INSERT INTO b SELECT g, 1 + g % 60, 's' || g % 5, g, g % 4 = 0 FROM generate_series(1, 90) g;
INSERT INTO p SELECT g, g % 8, 's' || g % 5, g, g % 2 = 0 FROM generate_series(1, 80) g;
INSERT INTO c SELECT g, g % 6, 's' || g % 5, g, false FROM generate_series(1, 20) g;
INSERT INTO c1 SELECT g, g % 6, 's' || g % 5, g, true FROM generate_series(21, 40) g;
ALTER TABLE p ENABLE ROW LEVEL SECURITY;
CREATE POLICY even ON p USING (id % 2 = 0 OR k = 3) WITH CHECK (id < 1000);
ALTER TABLE b ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON b USING (EXISTS (SELECT 1 FROM a WHERE a.id = b.k AND a.k < 5));
GRANT ALL ON ALL TABLES IN SCHEMA public TO app;
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN INSERT INTO log SELECT TG_TABLE_NAME || ' ' || TG_OP || ' ' || count(*) FROM c; RETURN coalesce(NEW, OLD); END $$;
CREATE TRIGGER noted AFTER UPDATE OR DELETE ON a FOR EACH ROW EXECUTE FUNCTION noted();
CREATE FUNCTION of_k(int) RETURNS SETOF int STABLE LANGUAGE sql AS 'SELECT id FROM a WHERE k = $1';
CREATE FUNCTION sum_k(int) RETURNS numeric LANGUAGE plpgsql AS
	$$ DECLARE t numeric := 0; r record; BEGIN FOR r IN SELECT n FROM b WHERE k = $1 ORDER BY id LOOP t := t + r.n; END LOOP;
	RETURN t + (SELECT count(*) FROM c WHERE k = $1); EXCEPTION WHEN division_by_zero THEN RETURN -1; END $$;
CREATE FUNCTION definer() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM p';
SELECT rlsproof.tenancy('public.*', 'k', 'setting:app.k', 'null'), rlsproof.tenancy('public.c', 's', 'setting:app.s', 'f'),
	rlsproof.tenancy('public.b', 'k -> public.a.k', 'setting:app.k');
VACUUM ANALYZE;
SQL

# --- queries at random -------------------------------------------------------------------------------------------------

sub any { return $_[ int rand @_ ] }
sub chance { return rand() < $_[0] }
my $alias = 0;
my @tables = qw(a b p c v w);

# A number-valued, a text-valued expression over an alias.
sub number
{
	my ($t, $depth) = @_;
	return any("$t.id", "$t.k", int rand 10, "$t.n", '$1', "coalesce($t.k, 0) + 1", "length($t.s)")
		if $depth <= 0 || chance(0.6);
	return any("(" . number($t, $depth - 1) . any(' + ', ' - ', ' * ') . number($t, $depth - 1) . ')',
		"sum_k($t.k)", 'definer()', "($t.id / nullif($t.k, 0))", "($t.id / $t.k)",
		'(SELECT count(*) FROM ' . any(@tables) . " x WHERE x.k = $t.k)",
		'(SELECT max(x.n) FROM ' . any(@tables) . ' x)', "CASE WHEN $t.f THEN $t.id ELSE 1 / ($t.k - $t.k + 1) END");
}
sub condition
{
	my ($t, $depth) = @_;
	return any("$t.f", "$t.id = " . int rand 60, "$t.id = \$1", "$t.k < " . int rand 8, "$t.s = 's" . int(rand 6) . "'", "$t.s LIKE 's" . any('%', '1%', '_') . "'",
		"$t.n BETWEEN 3 AND " . int rand 100, "$t.id IN (1, 2, \$1)", "$t.id = ANY ('{3,4,5}')", "$t.k IS NULL", 'true', '1 = 1', "$t.id = $t.id")
		if $depth <= 0 || chance(0.5);
	return any('(' . condition($t, $depth - 1) . any(' AND ', ' OR ') . condition($t, $depth - 1) . ')', 'NOT ' . condition($t, $depth - 1),
		number($t, $depth - 1) . any(' < ', ' = ', ' >= ') . number($t, $depth - 1),
		any('', 'NOT ') . 'EXISTS (SELECT 1 FROM ' . any(@tables) . " y WHERE y.k = $t.id AND " . condition('y', $depth - 1) . ')',
		"$t.id " . any('', 'NOT ') . 'IN (SELECT z.k FROM ' . any(@tables) . ' z WHERE ' . condition('z', $depth - 1) . ')',
		'(false AND 1 / 0 = 1)', "$t.id IN (SELECT of_k($t.k))");
}
sub source
{
	my ($depth) = @_;
	my $name = 't' . ++$alias;
	return (any(@tables) . " $name", $name) if $depth <= 0 || chance(0.6);
	return ('(' . plain_select($depth - 1) . ") $name", $name) if chance(0.5);
	my ($left, $first) = source($depth - 1);
	my ($right, $second) = source($depth - 1);
	return ("$left CROSS JOIN $right", $first) if chance(0.15);
	return ("$left " . any('JOIN', 'LEFT JOIN', $right =~ /^\(/ ? 'JOIN LATERAL' : 'JOIN') . " $right ON " . any("$second.k = $first.id", "$second.id = $first.k", "$second.s = $first.s AND $first.id < 9"), $first)
		if $right !~ /^\w+ \w+$/ || chance(0.9);
	return ("$left FULL JOIN $right ON $second.k = $first.id", $first);
}
# id, k, s, n, f: so that it may stand wherever a table does.
sub plain_select
{
	my ($depth) = @_;
	my ($from, $t) = source($depth);
	my $where = chance(0.7) ? ' WHERE ' . condition($t, 2) : '';
	my $select = chance(0.25)
		? "SELECT min($t.id) AS id, $t.k, max($t.s) AS s, sum($t.n) AS n, bool_or($t.f) AS f FROM $from$where GROUP BY $t.k" . any('', " HAVING count(*) > 1")
		: 'SELECT ' . any('', '', 'DISTINCT ') . "$t.id, $t.k, $t.s, $t.n, $t.f FROM $from$where";
	$select .= ' ORDER BY 1, 2, 3, 4, 5' . any('', ' LIMIT 3', ' LIMIT 5 OFFSET 2', ' OFFSET 1', ' LIMIT $1') if chance(0.4);
	return $select;
}
sub a_select
{
	my $query = plain_select(2);
	$query = "($query) " . any('UNION', 'UNION ALL', 'EXCEPT', 'INTERSECT') . ' (' . plain_select(1) . ')' if chance(0.2);
	$query = 'WITH q AS ' . any('', 'MATERIALIZED ') . "($query) SELECT * FROM q" . any('', ' WHERE id < 20', ' x JOIN q y ON y.id = x.k') if chance(0.2);
	# In an order that every plan agrees on.
	return "SELECT count(*), sum(hashtext(o::text)) FROM ($query) o" if chance(0.2);
	return "SELECT * FROM ($query) o ORDER BY o::text COLLATE \"C\"" . any('', '', ' LIMIT 4');
}
sub a_write
{
	my $t = any(qw(a b p c w));
	my $where = chance(0.7) ? ' WHERE ' . condition($t, 2) : '';
	my $returning = chance(0.4) ? " RETURNING $t.id" : '';
	my $write = any(
		"UPDATE $t SET n = " . number($t, 1) . $where . $returning, "UPDATE $t SET s = 'x', f = NOT f$where$returning",
		"DELETE FROM $t$where$returning", "INSERT INTO $t (id, k, s, n) SELECT o.id + 500, o.k, o.s, o.n FROM (" . plain_select(1) . ") o$returning",
		"INSERT INTO a (id, k) SELECT g, g FROM generate_series(55, 65) g ON CONFLICT (id) DO " . any('NOTHING', 'UPDATE SET k = excluded.k'),
		"MERGE INTO a USING (" . plain_select(1) . ") o ON a.id = o.id WHEN MATCHED AND o.k > 2 THEN " . any('DELETE', 'UPDATE SET k = o.k', 'DO NOTHING')
			. ' WHEN NOT MATCHED THEN INSERT VALUES (o.id, o.k)',
		"UPDATE $t SET n = 1 FROM c d WHERE d.id = $t.k" . any('', " AND d.id < 4"), 'TRUNCATE ' . any('c1', 'log', 'p2'));
	return "WITH changed AS ($write) SELECT count(*) FROM changed" if $write =~ /RETURNING/ && chance(0.5);
	return $write;
}
# The ways in which a statement reaches the executor; $1 is given a value where the way has none.
sub sent
{
	my ($query, $n) = @_;
	my $value = int rand 10;
	my $plain = $query =~ s/\$1/$value/gr;
	my $way = int rand 10;
	return "PREPARE q$n(int) AS $query;\nSET LOCAL plan_cache_mode = " . any('force_generic_plan', 'force_custom_plan') . ";\nEXECUTE q$n($value);\nEXECUTE q$n(3);"
		if $way < 3 && $query !~ /^TRUNCATE/;
	return "DECLARE cur$n CURSOR FOR $plain;\nFETCH 2 FROM cur$n;\nFETCH ALL FROM cur$n;" if $way == 3 && $query =~ /^(SELECT|WITH q)/;
	return "COPY ($plain) TO STDOUT;" if $way == 4 && $query =~ /^(SELECT|WITH q)/;
	return "CREATE TEMP TABLE kept$n AS $plain;\nSELECT * FROM kept$n;" if $way == 5 && $query =~ /^(SELECT|WITH q)/;
	return "DO \$do\$ BEGIN $plain; EXCEPTION WHEN OTHERS THEN RAISE NOTICE '%', sqlstate; END \$do\$;" if $way == 6 && $query !~ /^(SELECT|WITH)|RETURNING/;
	return "$plain;";
}

my @script;
for my $n (1 .. $wanted)
{
	my $settings = chance(0.03) ? 'SET LOCAL jit_above_cost = 0;' : any('', '', '', 'SET LOCAL enable_seqscan = off;', 'SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;',
		'SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0; SET LOCAL max_parallel_workers_per_gather = 2;');
	my $role = any('', 'SET LOCAL ROLE app;');
	# The last two fail whatever the seed is.
	my $work = $n == $wanted ? 'SELECT 1 / (id - id) FROM a;' : $n == $wanted - 1 ? 'INSERT INTO a VALUES (1);'
		: sent(chance(0.6) ? a_select() : a_write(), $n);
	# What a write left is part of its answer.
	push @script, "\\echo -- $n\nBEGIN; SET LOCAL statement_timeout = '60s'; $settings $role\n$work\n\\echo :ERROR :SQLSTATE :ROW_COUNT\nRESET ROLE;\n"
		. ($work =~ /^(SELECT|WITH q)/m ? '' : join('', map { "SELECT '$_', count(*), sum(hashtext(t::text)) FROM $_ t;\n" } qw(a b p c log)))
		. "ROLLBACK;\nDEALLOCATE ALL;\n";
}

my $text = join '', @script;
my @rules = qw(matrix_access rls_bypass write_without_where copy_out cartesian_join full_scan scan_rows rows_read no_limit deep_offset
	result_rows n_plus_one repeated_query transaction_rows_read transaction_rows_written
	tenant_mismatch tenant_unpinned tenant_unset tenant_mixed tenant_write);
my %answer;
my %events;
for my $mode (qw(off log warn))
{
	# Byte for byte the same tables, so that plans and their order are.
	$node->safe_psql('postgres', "CREATE DATABASE same_$mode TEMPLATE base");
	my $settings = $mode eq 'off' ? "SET rlsproof.guard = off;\n"
		: join('', map { "SET rlsproof.rule_$_ = $mode;\n" } @rules) . "SET rlsproof.track_queries = on;\n";
	my ($status, $out, $err) = $node->psql("same_$mode", "SET app.k = '3';\n$settings\\pset null NULL\n$text", on_error_stop => 0);
	is($status, 0, "$mode: the session lived");
	$answer{$mode} = $out;
	$events{$mode} = $node->safe_psql("same_$mode", 'SELECT coalesce(sum(count), 0) FROM rlsproof.guard_events WHERE database = current_database()');
}

sub parts { return { map { /^(\d+)\n(.*)/s ? ($1 => $2) : () } split /^-- /m, $_[0] } }
my ($off, %other) = (parts($answer{off}), log => parts($answer{log}), warn => parts($answer{warn}));
is(scalar keys %$off, $wanted, 'every query was sent');
for my $mode (qw(log warn))
{
	my @different = grep { ($other{$mode}{$_} // 'nothing') ne $off->{$_} } sort { $a <=> $b } keys %$off;
	is(scalar @different, 0, "$mode: every answer is the same as with the guard off")
		or diag(map { "$script[$_ - 1]\n-- off\n$off->{$_}\n-- $mode\n" . ($other{$mode}{$_} // 'nothing') . "\n" } grep { defined } @different[0 .. 2]);
}
# Vacuous otherwise: the queries must break rules, succeed for the most part, and fail in some.
is($events{off}, 0, 'off: no event');
cmp_ok($events{log}, '>', $wanted, 'log: events');
cmp_ok($events{warn}, '>', $wanted, 'warn: events');
my %states;
$states{$_}++ for $answer{off} =~ /^(?:true|false) (\w{5}) \d+$/mg;
note join ', ', map { "$_: $states{$_}" } sort keys %states;
cmp_ok($states{'00000'} // 0, '>', $wanted / 2, 'most queries run');
cmp_ok(scalar keys %states, '>', 2, 'and some do not');
my $rules_seen = $node->safe_psql('base', q{SELECT string_agg(DISTINCT rule, ' ' ORDER BY rule) FROM rlsproof.guard_events});
note "rules: $rules_seen";
cmp_ok(scalar(split / /, $rules_seen), '>=', 16, 'nearly every rule was broken');
$node->stop;
done_testing();
