# Pairs of conditions at random: where same_meaning() says that two are the same, they are the same for every row of states
# at random, whoever asks with whatever claims; and where it says that they are not, its witness shows it.
# RLSPROOF_CELLS says how many pairs (150), RLSPROOF_SEED where to start.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $pairs = $ENV{RLSPROOF_CELLS} // 150;
my $seed = $ENV{RLSPROOF_SEED} // 1;
srand($seed);
sub pick { return $_[ rand @_ ] }

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\n");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION rlsproof;
CREATE ROLE app;
CREATE FUNCTION me() RETURNS int LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('app.me', true), '')::int $$;
CREATE FUNCTION kind() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('app.kind', true) $$;
CREATE FUNCTION fixed() RETURNS text LANGUAGE sql STABLE SET app.kind = 'b' AS $$ SELECT current_setting('app.kind', true) $$;
CREATE TABLE member (org int NOT NULL, who int, role text, PRIMARY KEY (org));
CREATE TABLE note (id int PRIMARY KEY, org int, owner int, kind text CHECK (kind IN ('a', 'b', 'c')), flag boolean);
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
ALTER TABLE member ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON member USING (who = me() OR role = 'b');
CREATE FUNCTION belongs(o int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT EXISTS (SELECT FROM member m WHERE m.org = o AND m.who = me()) $$;
GRANT SELECT ON member, note TO app;
SELECT rlsproof.persona('p', 'app', NULL, '{"app.me": "1", "app.kind": "a"}');
-- How many rows of a random state, made and undone, pass the one condition and not the other.
CREATE FUNCTION differ(one text, other text, states int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint := 0; here bigint;
BEGIN
    FOR i IN 1 .. states LOOP
        BEGIN
            INSERT INTO member SELECT o, nullif(floor(random() * 4)::int, 3), nullif((ARRAY['a', 'b', 'c'])[1 + floor(random() * 3)::int], 'c') FROM generate_series(0, 2) o WHERE random() < 0.7;
            INSERT INTO note SELECT g, nullif(floor(random() * 4)::int, 3), nullif(floor(random() * 4)::int, 3), (ARRAY['a', 'b', 'c', NULL])[1 + floor(random() * 4)::int], (ARRAY[true, false, NULL])[1 + floor(random() * 3)::int] FROM generate_series(1, 12) g;
            PERFORM set_config('app.me', (ARRAY['', '0', '1', '2'])[1 + floor(random() * 4)::int], true),
                    set_config('app.kind', (ARRAY['', 'a', 'b', 'c'])[1 + floor(random() * 4)::int], true);
            CREATE POLICY all_of_it ON note USING (true);
            SET LOCAL ROLE app;
            EXECUTE format('SELECT count(*) FROM note WHERE (%s) IS TRUE <> ((%s) IS TRUE)', one, other) INTO here;
            n := n + here;
            RAISE EXCEPTION USING ERRCODE = 'RB000';
        EXCEPTION WHEN SQLSTATE 'RB000' OR cardinality_violation THEN NULL;
        END;
    END LOOP;
    RETURN n;
END $$;
SQL

sub value { return pick('me()', 'org', 'owner', 'id', '1', '2', '(SELECT m.who FROM member m WHERE m.org = note.org)') }
sub word { return pick('kind', 'kind()', 'fixed()', q{'a'}, 'kind()') }
sub atom {
    return pick(
        sub { value() . pick(' = ', ' <> ', ' < ', ' IS DISTINCT FROM ', ' = ') . value() },
        sub { word() . pick(' = ', ' <> ', ' = ') . word() },
        sub { 'flag' },
        sub { value() . ' IS ' . pick('', 'NOT ') . 'NULL' },
        sub { 'belongs(' . pick('org', 'owner') . ')' },
        sub { 'EXISTS (SELECT FROM member m WHERE m.org = note.' . pick('org', 'owner') . ' AND ' . pick('m.who = me()', q{m.role = 'b'}, 'true') . ')' },
        sub { pick('org', 'owner') . pick(' IN ', ' NOT IN ') . '(SELECT m.' . pick('org', 'who') . ' FROM member m' . pick('', ' WHERE m.who = me()') . ')' })->();
}
sub condition {
    my ($depth) = @_;
    return atom() if $depth == 0;
    my $inner = $depth - 1;
    return pick(sub { atom() }, sub { '(' . condition($inner) . ' AND ' . condition($inner) . ')' }, sub { '(' . condition($inner) . ' OR ' . condition($inner) . ')' },
        sub { '(NOT ' . condition($inner) . ')' }, sub { 'CASE WHEN ' . condition($inner) . ' THEN ' . condition(0) . ' ELSE ' . condition(0) . ' END' },
        sub { 'coalesce(' . condition($inner) . ', ' . condition(0) . ')' })->();
}
# The same in other words, or something that only looks like it.
sub reworded {
    my ($one) = @_;
    # A setting that the session has, and one that a function brings along.
    return $one =~ s/\bkind\(\)/fixed()/r if $one =~ /\bkind\(\)/ && rand() < 0.3;
    return pick(sub { "NOT (NOT $one)" }, sub { "coalesce($one, false)" }, sub { "coalesce($one, true)" }, sub { "($one) IS TRUE" }, sub { "($one) IS NOT FALSE" },
        sub { "CASE WHEN $one THEN true ELSE false END" }, sub { "$one OR ($one AND " . atom() . ')' }, sub { "$one AND " . atom() },
        sub { (my $other = $one) =~ s/me\(\)/(SELECT me())/g; $other }, sub { (my $other = $one) =~ s/me\(\)/1/; $other },
        sub { condition(1) })->();
}

my %count = (proved => 0, refuted => 0, unknown => 0, error => 0);
my (@wrong, @unshown);
for (1 .. $pairs) {
    my $one = condition(2);
    my $other = reworded($one);
    my $said = $node->safe_psql('postgres', qq{SELECT part, verdict, coalesce(witness ->> 'script', '') FROM rlsproof.same_meaning('public.note', \$c\$$one\$c\$, \$c\$$other\$c\$, 'p') WHERE part = 'USING'});
    my ($part, $verdict, $script) = split /\|/, $said, 3;
    $count{$verdict}++;
    if ($verdict eq 'proved') {
        my $rows = $node->safe_psql('postgres', qq{SELECT setseed(0.} . (100 + $count{proved}) . qq{); SELECT differ(\$c\$$one\$c\$, \$c\$$other\$c\$, 25)});
        push @wrong, "$one   |   $other" if $rows !~ /\b0$/;
    }
    if ($verdict eq 'refuted') {
        my $shown = $node->safe_psql('postgres', $script);
        push @unshown, "$one   |   $other" if $shown !~ /^(t\|f|f\|t)$/m;
    }
}
note("seed $seed: " . join ', ', map { "$_ $count{$_}" } sort keys %count);
is(join("\n", @wrong), '', "seed $seed: what is said to be the same is the same");
is(join("\n", @unshown), '', "seed $seed: what is said to differ differs");
cmp_ok($count{proved}, '>', $pairs / 5, 'some are the same');
cmp_ok($count{refuted}, '>', $pairs / 5, 'and some are not');

done_testing();
