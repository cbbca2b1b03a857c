# Queries at random, as tangled as they come: joins of every kind, parts of WITH read once and twice and in rounds, windows,
# groups, unions, LATERAL, sub-selects; each planned some other way. Every text of a row says whose it is. A session of
# tenant 1, with tenant_mismatch at error, gets no text of tenant 2; one of nobody, with tenant_mixed at error, not
# those of both in one answer.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $wanted = $ENV{RLSPROOF_CELLS} // 300;
my $seed = $ENV{RLSPROOF_SEED} // 20261122;
srand $seed;
note "seed $seed, $wanted queries";

my $node = PostgreSQL::Test::Cluster->new('ways');
$node->init;
$node->append_conf('postgresql.conf', <<'CONF');
fsync = off
autovacuum = off
shared_preload_libraries = 'rlsproof'
CONF
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION rlsproof;
CREATE TABLE orders (id int PRIMARY KEY, org int, secret text);
CREATE TABLE customers (id int PRIMARY KEY, org int, secret text);
CREATE TABLE parts (id int, org int, secret text) PARTITION BY LIST (org);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE parts_2 (secret text, gone int, org int, id int);
ALTER TABLE parts_2 DROP COLUMN gone;
ALTER TABLE parts ATTACH PARTITION parts_2 FOR VALUES IN (2);
CREATE TABLE members (id int, org int);
CREATE TABLE plain (id int PRIMARY KEY, org int);
-- Rows 1 to 3 are everybody's.
CREATE TABLE templates (id int PRIMARY KEY, org int, secret text);
INSERT INTO orders SELECT g, 1 + g % 2, 't' || 1 + g % 2 || '-o' || g FROM generate_series(1, 60) g;
INSERT INTO customers SELECT g, 1 + g % 2, 't' || 1 + g % 2 || '-c' || g FROM generate_series(1, 60) g;
INSERT INTO parts SELECT g, 1 + g % 2, 't' || 1 + g % 2 || '-p' || g FROM generate_series(1, 60) g;
INSERT INTO templates SELECT g, 1 + g % 2, CASE WHEN g < 4 THEN 'shared' ELSE 't' || 1 + g % 2 || '-t' || g END FROM generate_series(1, 10) g;
INSERT INTO members VALUES (7, 1), (8, 2), (9, 1), (9, 2);
INSERT INTO plain SELECT g, g FROM generate_series(1, 4) g;
CREATE INDEX ON orders (org); CREATE INDEX ON customers (org, id, secret); CREATE INDEX ON parts (id);
SELECT rlsproof.tenancy('public.*', 'org', 'setting:app.org'), rlsproof.tenancy('public.members', 'none'), rlsproof.tenancy('public.plain', 'none'),
	rlsproof.tenancy('public.templates', 'org', 'setting:app.org', 'id < 4');
VACUUM ANALYZE;
SQL

my ($names, @with);
sub any { return $_[ int rand @_ ] }
sub all_of { my ($a) = @_; return "$a.id, $a.org, $a.secret" }

# One tenant's rows, though nothing says so: what is joined with these by the tenant is held to him.
sub holder { return any(q{(SELECT id, org, 'm' FROM members WHERE id = 7)}, '(SELECT id, org, secret FROM customers WHERE id = 2)') }

sub table
{
	return any(('(SELECT id, org, secret FROM orders)') x 3, ('(SELECT id, org, secret FROM customers)') x 2, ('(SELECT id, org, secret FROM parts)') x 2,
		holder(), holder(), q{(SELECT id, org, 'm' FROM members)}, q{(SELECT id, org, 'p' FROM plain)}, '(SELECT id, org, secret FROM templates)', q{(VALUES (1, 1, 'v'), (2, 2, 'v'))});
}

sub condition
{
	my ($a) = @_;
	my ($n, $person) = (1 + int rand 8, any(7, 8, 9));
	return any(("$a.org = 1") x 2, ('true') x 3, "$a.id < $n", "$a.id = $n", "$a.org = (SELECT 1)", "$a.org = current_setting('app.who')::int", "$a.org IN (1, " . any(1, 2) . ')',
		"$a.org = ANY ('{1}'::int[])", "($a.org = 1 OR $a.id = $n)", "$a.org IN (SELECT org FROM members WHERE id = $person)", "$a.org <> ANY (SELECT org FROM members WHERE id = $person)",
		"EXISTS (SELECT FROM members m WHERE m.org = $a.org AND m.id = $person)", "NOT EXISTS (SELECT FROM members m WHERE m.org = $a.org AND m.id = $person)", "$a.id % 3 = 0", 'true');
}

sub meets
{
	my ($a, $b) = @_;
	return any(("$a.org = $b.org") x 5, "$a.id = $b.id", "$a.id = $b.id - 1", "$a.org = $b.org AND $a.id = $b.id", "($a.org = $b.org OR $a.id = $b.id - 1)", "$a.org = $b.org AND $b.org = 1",
		"$a.org + 0 = $b.org");
}

# Of the columns id, org and secret.
sub source
{
	my ($depth) = @_;
	return table() if $depth <= 0;
	my ($a, $b, $c, $way) = (map({ "$_" . ++$names } qw(a b c)), int rand 15);
	my $from = sub { source($depth - 1) . " $_[0](id, org, secret)" };
	my $rows = any(all_of($a), all_of($b), "$a.id, $a.org, $b.secret", "$a.id, $b.org, $a.secret", "$a.id, $b.org, $a.secret || $b.secret");
	return '(SELECT ' . all_of($a) . ' FROM ' . $from->($a) . ' WHERE ' . condition($a) . any('', ' OFFSET 0', ' ORDER BY id LIMIT 5', ' ORDER BY secret, id LIMIT 3') . ')' if $way < 2;
	if ($way < 5)
	{
		my $join = any(('JOIN') x 4, 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN');
		return "(SELECT $rows FROM " . $from->($a) . " $join " . $from->($b) . ' ON ' . ($join eq 'FULL JOIN' ? "$a.org = $b.org" : meets($a, $b)) . ' WHERE ' . any(condition($a), condition($b), 'true') . ')';
	}
	return '(SELECT ' . all_of($a) . ' FROM ' . $from->($a) . any(' UNION', ' UNION ALL', ' INTERSECT', ' EXCEPT') . ' SELECT ' . any(all_of($b), "$b.id, 1, $b.secret") . ' FROM ' . $from->($b) . ')' if $way == 5;
	return '(SELECT id, org, ' . any('lag(secret)', 'lead(secret)', 'max(secret)') . ' OVER (' . any('ORDER BY id', 'PARTITION BY org ORDER BY id', 'PARTITION BY id, org', 'PARTITION BY id', '') . ') FROM ' . $from->($a) . ')' if $way == 6;
	return '(SELECT min(id), org, ' . any('max', 'min') . '(secret) FROM ' . $from->($a) . ' GROUP BY ' . any('org', 'org', 'GROUPING SETS ((org), ())', 'ROLLUP (org)') . ')' if $way == 7;
	return '(SELECT ' . any(all_of($c), "$a.id, $a.org, $c.secret") . ' FROM ' . $from->($a) . ', LATERAL (SELECT ' . all_of($b) . ' FROM ' . $from->($b) . ' WHERE ' . meets($b, $a) . any('', ' LIMIT 2', ' OFFSET 0') . ") $c(id, org, secret) WHERE " . condition($a) . ')' if $way == 8;
	return "(SELECT $a.id, $a.org, (SELECT $b.secret FROM " . $from->($b) . ' WHERE ' . meets($b, $a) . ' LIMIT 1) FROM ' . $from->($a) . ' WHERE ' . condition($a) . ')' if $way == 9;
	return "(SELECT $rows FROM " . $from->($a) . ' JOIN ' . holder() . " $b(id, org, secret) ON $a.org = $b.org)" if $way == 12;
	return '(SELECT ' . all_of($c) . ' FROM ' . holder() . " $a(id, org, secret), LATERAL (SELECT " . all_of($b) . ' FROM ' . table() . " $b(id, org, secret) WHERE ($b.org = $a.org OR $b.id = " . int(rand 9) . ") OFFSET 0) $c)" if $way == 13;
	return "(SELECT $a.id, $a.org, $a.s FROM (SELECT id, org, lag(secret) OVER (" . any('ORDER BY id', 'PARTITION BY org ORDER BY id') . ') s FROM ' . table() . " x(id, org, secret)) $a JOIN " . holder() . " $b(id, org, secret) ON $a.org = $b.org)" if $way == 14;
	my $part = 'w' . ++$names;
	if ($way == 10)
	{
		push @with, "$part(id, org, secret) AS " . any('', 'MATERIALIZED') . ' (SELECT ' . all_of($a) . ' FROM ' . $from->($a) . ')';
		return "(SELECT $rows FROM $part $a JOIN " . any(holder() . " $c(id, org, secret)", $from->($c)) . " ON $c.org = $a.org, $part $b WHERE " . any('true', condition($c)) . ' AND ' . any('true', condition($b)) . ')';
	}
	push @with, "$part(id, org, secret) AS (SELECT " . all_of($a) . ' FROM ' . $from->($a) . ' WHERE ' . condition($a) . " UNION ALL SELECT $a.id + 50, " . any("$a.org", "$b.org", 1, 2) . ', ' . any("$a.secret", "$b.secret")
		. " FROM $part $a JOIN " . $from->($b) . ' ON ' . any(meets($b, $a), "$b.org = $a.org AND $b.id = $a.id + 2", "$b.org = $a.org") . " WHERE $a.id < 60)";
	return "(SELECT $a.id, $a.org, $a.secret FROM $part $a)";
}

my @kinds = qw(hashjoin mergejoin nestloop seqscan indexscan indexonlyscan bitmapscan memoize material);
my @queries = map {
	($names, @with) = (0);
	my $from = source(any(1, 2, 2, 3));
	my $with = @with ? 'WITH RECURSIVE ' . join(', ', @with) . ' ' : '';
	my $query = "${with}SELECT q.secret FROM $from q(id, org, secret) LIMIT 200";
	my $off = join '', map { "SET enable_$_ = off; " } grep { rand() < 0.2 } @kinds;
	[ "RESET ALL; SET statement_timeout = '1s'; SET client_min_messages = error; $off" . (rand() < 0.1 ? 'SET plan_cache_mode = force_generic_plan; ' : ''),
		any(("$query;") x 6, "COPY ($query) TO STDOUT;", "BEGIN; DECLARE c CURSOR FOR $query; FETCH 3 FROM c; FETCH ALL FROM c; ROLLBACK;", "PREPARE p AS $query; EXECUTE p; DEALLOCATE p;") ];
} 1 .. $wanted;

# [rule, what says whose the session is, which answers are none of its business]
for (['tenant_mismatch', "SET app.org = '1';", sub { $_[0] =~ /t2-/ }], ['tenant_mixed', '', sub { $_[0] =~ /t1-/ && $_[0] =~ /t2-/ }])
{
	my ($rule, $session, $leaks) = @$_;
	my $script = '';
	$script .= "$queries[$_][0] SET app.who = '1'; $session SET rlsproof.rule_$rule = error;\n\\echo === $_\n\\warn === $_\n$queries[$_][1]\nROLLBACK;\n" for 0 .. $#queries;
	my ($out, $err) = ('', '');
	$node->psql('postgres', $script, stdout => \$out, stderr => \$err, on_error_stop => 0);
	my %answer = $out =~ /^=== (\d+)\n(.*?)(?==== |\z)/gms;
	my %fault = $err =~ /^=== (\d+)\n(.*?)(?==== |\z)/gms;
	my ($refused, $answered) = (0, 0);
	my @leaks;
	for my $i (0 .. $#queries)
	{
		my $got = $answer{$i} // '';
		$refused++ if ($fault{$i} // '') =~ /rows of .* are (read|asked for)/;
		$answered++ if $got =~ /t1-/;
		push @leaks, $i if $leaks->($got . ($fault{$i} // ''));
		like($fault{$i} // '', qr/tenant|timeout|cannot be seen|^$/m, "$rule: query $i is no nonsense") if ($fault{$i} // '') =~ /ERROR/ && $fault{$i} !~ /are (read|asked for)|statement timeout/;
	}
	is_deeply([ map { $queries[$_][1] } @leaks ], [], "$rule: no answer holds another's row");
	note "$rule: $refused refused, $answered answered";
	cmp_ok($refused, '>=', $wanted / 8, "$rule: many would have");
	cmp_ok($answered, '>=', $wanted / 8, "$rule: and many have not");
}

unlike(slurp_file($node->logfile), qr/TRAP|PANIC|signal 11|signal 6/, 'nothing crashed');
$node->stop;
done_testing();
