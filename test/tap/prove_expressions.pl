# The prover's reading of SQL against the server's own: expressions at random over rows of every kind, NULLs among them.
# A table's rows are pinned by a CHECK, a policy is the expression, and the scope is the list of rows for which the server
# says that it is true. Both directions have to be proved; with a row too few or too many in the list neither may be.
#
# RLSPROOF_VALUES says how many truth values at least (8,000), RLSPROOF_SEED where to start.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $values_wanted = $ENV{RLSPROOF_VALUES} // 8_000;
my $seed = $ENV{RLSPROOF_SEED} // 1;
my $rows = 40;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\ntimezone = 'UTC'\n");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE one; CREATE ROLE two;
CREATE EXTENSION rlsproof;
SELECT rlsproof.persona('one', 'one', '{"level": 1}'); SELECT rlsproof.persona('two', 'two', '{"level": 1}');
CREATE TYPE mood AS ENUM ('sad', 'fair', 'merry');
CREATE DOMAIN small AS int CHECK (VALUE < 100);
SQL

my $state;
sub random { my ($n) = @_; $state = ($state * 1103515245 + 12345) % 2147483648; return int($state / 65536) % $n }
sub one_of { return $_[ random(scalar @_) ] }
sub maybe { my ($percent) = @_; return random(100) < $percent }

# What a column can hold, and what it is compared with.
my %domain = (
    a => [ 'NULL', 0, 1, 2 ], b => [ 0, 1, 2 ], s => [ 'NULL', 1, 2 ], big => [ 'NULL', 1, 2 ],
    t => [ 'NULL', "''", "'x'", "'y'" ], v => [ 'NULL', "'x'", "'y'" ],
    u => [ 'NULL', map {; "'0000000$_-0000-4000-8000-000000000000'" } 1 .. 2 ],
    f => [ 'NULL', 'true', 'false' ], n => [ 'NULL', '1.0', '1.00', '2.5' ], m => [ 'NULL', "'sad'", "'merry'" ],
    d => [ 'NULL', "'2024-01-01'", "'2024-01-02'" ], w => [ 'NULL', "'2024-01-01 00:00:00+00'", "'2024-06-01 00:00:00+00'" ],
    l => [ 'NULL', "'{}'", "'{1}'", "'{1,NULL}'" ], j => [ 'NULL', "'1.0'", "'1.00'", "'\"x\"'" ]);
my %type = (a => 'int', b => 'int', s => 'small', big => 'bigint', t => 'text', v => 'varchar(5)', u => 'uuid', f => 'boolean',
    n => 'numeric', m => 'mood', d => 'date', w => 'timestamptz', l => 'int[]', j => 'jsonb');
my @order = sort keys %domain;
my %kin = (int => [qw(a b s big)], text => [qw(t v)], uuid => ['u'], numeric => ['n'], mood => ['m'], date => ['d'],
    timestamptz => ['w'], jsonb => ['j']);

sub literal { my ($kind) = @_; return one_of(@{ $domain{ $kin{$kind}[0] } }) . "::$kind" }

sub value {
    my ($kind, $depth) = @_;
    my $inner = sub { value($kind, $depth - 1) };
    if ($depth > 0) {
        return 'CASE WHEN ' . truth($depth - 1) . ' THEN ' . $inner->() . (maybe(60) ? ' ELSE ' . $inner->() : '') . ' END' if maybe(12);
        return 'COALESCE(' . $inner->() . ', ' . $inner->() . ')' if maybe(10);
        return 'NULLIF(' . $inner->() . ', ' . $inner->() . ')' if maybe(8);
        return one_of('GREATEST', 'LEAST') . '(' . $inner->() . ', ' . $inner->() . ')' if $kind =~ /int|date|mood|timestamptz/ && maybe(10);
        return '(SELECT ' . $inner->() . ')' if maybe(6);
    }
    return literal($kind) if maybe(30);
    my $column = one_of(@{ $kin{$kind} });
    return $column eq 'v' ? 'v::text' : $column eq 's' && maybe(50) ? 's::int' : $column;
}

sub truth {
    my ($depth) = @_;
    my $inner = sub { truth($depth - 1) };
    if ($depth > 0) {
        my $what = random(16);
        return '(' . $inner->() . ' AND ' . $inner->() . ')' if $what < 3;
        return '(' . $inner->() . ' OR ' . $inner->() . ')' if $what < 6;
        return '(NOT ' . $inner->() . ')' if $what == 6;
        return '(' . $inner->() . ' IS ' . one_of('', 'NOT ') . one_of('TRUE', 'FALSE', 'UNKNOWN', 'NULL') . ')' if $what == 7;
        return 'CASE WHEN ' . $inner->() . ' THEN ' . $inner->() . (maybe(60) ? ' ELSE ' . $inner->() : '') . ' END' if $what == 8;
        return 'COALESCE(' . $inner->() . ', ' . $inner->() . ')' if $what == 9;
        return '(' . $inner->() . one_of(' = ', ' <> ', ' < ', ' >= ', ' IS DISTINCT FROM ') . $inner->() . ')' if $what == 10;
    }
    my $kind = one_of('int', 'int', 'int', 'text', 'uuid', 'numeric', 'mood', 'date', 'timestamptz', 'jsonb');
    my $x = value($kind, $depth);
    my @orders = $kind =~ /text|uuid|jsonb/ ? () : ('<', '<=', '>', '>=');
    my $list = sub { join(', ', map { maybe(15) ? "NULL::$kind" : literal($kind) } 1 .. 1 + random(3)) };
    my $what = random(14);
    return 'f' if $what == 0;
    return one_of('true', 'false', 'NULL::boolean') if $what == 1 && maybe(40);
    return "($x IS " . one_of('', 'NOT ') . 'NULL)' if $what == 2;
    return "($x IS " . one_of('', 'NOT ') . 'DISTINCT FROM ' . value($kind, 0) . ')' if $what == 3;
    return "($x " . one_of('', 'NOT ') . 'IN (' . $list->() . '))' if $what == 4;
    return "($x " . one_of('= ANY', '<> ALL', '= ALL', '<> ANY') . ' (ARRAY[' . $list->() . ']))' if $what == 5;
    return "($x " . one_of('', 'NOT ') . 'IN (SELECT x FROM (VALUES ' . join(', ', map { "($_)" } split(/, /, $list->())) . ') y(x)' .
        (maybe(50) ? ' WHERE x' . one_of('=', '<>') . literal($kind) : '') . '))' if $what == 6;
    return one_of('', 'NOT ') . 'EXISTS (SELECT 1 FROM (VALUES ' . join(', ', map { "($_)" } split(/, /, $list->())) . ") y(x) WHERE x = $x)" if $what == 7;
    return "((a, b) " . one_of('', 'NOT ') . 'IN ((1, 2), (' . one_of('NULL', 0) . ', 1)))' if $what == 8;
    return '(' . value('int', 0) . ' = ' . one_of('ANY', 'ALL') . '(SELECT x FROM (VALUES (1), (' . one_of('NULL::int', 2) . ')) y(x)))' if $what == 9;
    return "($x BETWEEN " . literal($kind) . ' AND ' . literal($kind) . ')' if $what == 10 && @orders;
    return "($x " . one_of('=', '<>', '=', @orders, @orders) . ' ' . value($kind, $depth > 0 ? 1 : 0) . ')';
}

my ($values, $wrong, $proved, $asked, @shown, %seen) = (0, 0, 0, 0);
my $per_batch = 30;
while ($values < $values_wanted && $wrong < 5) {
    my ($sql, @expressions, %shifted) = ("SET client_min_messages = warning; DROP SCHEMA IF EXISTS it CASCADE; CREATE SCHEMA it; GRANT USAGE ON SCHEMA it TO one, two;\n"
        . "DELETE FROM rlsproof.scopes; DELETE FROM rlsproof.expectations;\n");
    for my $n (1 .. $per_batch) {
        $state = $seed * 1000 + $n;
        my @tuples;
        for my $id (1 .. $rows) { push @tuples, [ $id, map { one_of(@{ $domain{$_} }) . "::$type{$_}" } @order ] }
        my $expression = truth(3);
        push @expressions, $expression;
        my $pinned = join("\n OR ", map { my $tuple = $_; "(id = $tuple->[0]" . join('', map { " AND $order[$_] IS NOT DISTINCT FROM $tuple->[$_ + 1]" } 0 .. $#order) . ')' } @tuples);
        $sql .= "CREATE TABLE it.t$n (id int PRIMARY KEY, " . join(', ', map { "$_ $type{$_}" } @order) . ", CHECK ($pinned));\n"
            . "INSERT INTO it.t$n (id, " . join(', ', @order) . ') VALUES ' . join(",\n", map { '(' . join(', ', @$_) . ')' } @tuples) . ";\n"
            . "ALTER TABLE it.t$n ENABLE ROW LEVEL SECURITY; GRANT SELECT ON it.t$n TO one, two;\n"
            . "CREATE POLICY p ON it.t$n TO one USING ($expression); CREATE POLICY q ON it.t$n TO two USING (NOT ($expression));\n";
        for my $who ('one', 'two') {
            my $shift = maybe(20) ? one_of('less', 'more') : '';
            $shifted{"$who it.t$n"} = $shift;
            my $is = $who eq 'one' ? 'true' : 'false';
            # A row too few is a row that is reached and should not be; one too many is one that should be.
            my $ids = "SELECT coalesce(string_agg(id::text, ', ' ORDER BY id), '-1') FROM it.t$n WHERE ($expression) IS "
                . ($is eq 'true' ? 'TRUE' : 'FALSE');
            $ids .= " AND id <> (SELECT min(id) FROM it.t$n WHERE ($expression) IS " . uc($is) . ')' if $shift eq 'less';
            $ids .= " OR id = (SELECT min(id) FROM it.t$n WHERE ($expression) IS NOT " . uc($is) . ')' if $shift eq 'more';
            $sql .= "SELECT rlsproof.scope('it.t$n', '$who', 'id IN (' || ($ids) || ')');\nSELECT rlsproof.expect('$who', 'it.t$n', 'select', '$who');\n";
        }
    }
    # Whether a shift shifted anything: there has to be such a row.
    $sql .= "\\echo begin\n" . join('', map { my $e = $expressions[ $_ - 1 ]; "SELECT 'it.t$_', count(*) FILTER (WHERE ($e)), count(*) FILTER (WHERE NOT ($e)), count(*) FROM it.t$_;\n" } 1 .. $per_batch);
    $sql .= "SELECT persona, object, direction, verdict, reason FROM rlsproof.prove() WHERE object LIKE 'it.t%' AND persona IN ('one', 'two');\n";
    my ($status, $out, $err) = $node->psql('postgres', $sql, extra_params => [ '-F', "\t" ], on_error_stop => 0);
    my (%count, %answers);
    for my $line (split /\n/, ($out =~ s/.*?^begin$//msr)) {
        my @fields = split /\t/, $line;
        if (@fields == 4) { $count{ $fields[0] } = [ @fields[ 1 .. 3 ] ] }
        if (@fields == 5) { $answers{"$fields[0] $fields[1]"}{ $fields[2] } = [ @fields[ 3, 4 ] ] }
    }
    for my $n (1 .. $per_batch) {
        my $object = "it.t$n";
        next if !$count{$object}; # the expression raises for some row, or does not parse
        my $complete = 0;
        for my $who ('one', 'two') {
            my $shift = $shifted{"$who $object"};
            my $reached = $count{$object}[ $who eq 'one' ? 0 : 1 ];
            $shift = '' if $shift eq 'less' && $reached == 0;
            $shift = '' if $shift eq 'more' && $reached == $count{$object}[2];
            for my $direction ('no more', 'no less') {
                my $answer = $answers{"$who $object"}{$direction} or next;
                my ($verdict, $reason) = @$answer;
                $asked++;
                $seen{$verdict}++;
                my $should = ($shift eq 'less' && $direction eq 'no more') || ($shift eq 'more' && $direction eq 'no less') ? 'refuted' : 'proved';
                $complete++ if $verdict eq 'proved' && $should eq 'proved';
                $complete++ if $verdict eq 'refuted' && $should eq 'refuted';
                next if $verdict eq $should;
                # What is not followed may be said to be unknown, and nothing else.
                next if $verdict eq 'unknown' && $reason =~ /not followed|could not tell|state may exist|ran out of time|longer than/;
                $wrong++;
                push @shown, "seed $seed: $who $object $direction: $verdict instead of $should ($reason): $expressions[$n - 1]";
            }
        }
        $values += $count{$object}[2] if $complete == 4;
    }
    note "seed $seed: $values values, ", join(', ', map { "$_ $seen{$_}" } sort keys %seen), $wrong ? ", $wrong wrong: $shown[-1]" : '';
    if (!%count) { fail("seed $seed: " . substr($err, 0, 500)); last }
    $seed++;
}
cmp_ok($values, '>=', $values_wanted, "$values truth values");
is($wrong, 0, 'what the prover says of an expression is what the server says') or diag join("\n", @shown);
note join(', ', map { "$_ $seen{$_}" } sort keys %seen);
cmp_ok($seen{unknown} // 0, '<', $asked / 10, 'few stay without an answer');
ok($seen{$_}, "$_ occurs") for qw(proved refuted);

done_testing();
