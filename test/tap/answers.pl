# What solvers answered is remembered, in a session and in what somebody kept: a second look asks only what has changed. What
# was found is replayed all the same, and nobody but who may write the table can put an answer there.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1);
my $log = $node->basedir . '/asked';
my $solver = $node->basedir . '/z3';

# The solver, with a note of everything that it is asked, and the version that it is told to have.
sub install {
    my ($version) = @_;
    open my $file, '>', $solver or die $!;
    print $file "#!/bin/sh\ntee -a $log | z3 -in | sed -u 's/(:version .*/(:version \"$version\")/'\n";
    close $file;
    chmod 0755, $solver;
}
sub asked {
    return 0 unless -e $log;
    my $count = () = slurp_file($log) =~ /\(check-sat\)/g;
    unlink $log;
    return $count;
}
install('1');
$node->append_conf('postgresql.conf', "fsync = off\nrlsproof.solver = '$solver'\n");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION rlsproof;
CREATE ROLE app; CREATE ROLE auditor LOGIN; GRANT app TO auditor;
CREATE FUNCTION uid() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SELECT rlsproof.persona('ann', 'app', '{"sub": "a0000000-0000-4000-8000-000000000001"}');
CREATE TABLE a (id int PRIMARY KEY, owner uuid);
CREATE TABLE b (id int PRIMARY KEY, owner uuid, shared boolean);
CREATE TABLE c (id int PRIMARY KEY, owner uuid, other uuid);
ALTER TABLE a ENABLE ROW LEVEL SECURITY; ALTER TABLE b ENABLE ROW LEVEL SECURITY; ALTER TABLE c ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON a USING (owner = uid());
CREATE POLICY p ON b USING (owner = uid() OR shared);
CREATE POLICY p ON c USING (owner = uid() AND other IS NOT NULL);
GRANT SELECT ON a, b, c TO app;
SELECT rlsproof.scope('public.' || t, 'own', 'owner = public.uid()') FROM unnest(ARRAY['a', 'b', 'c']) t;
SELECT rlsproof.expect('ann', 'public.' || t, 'select', 'own') FROM unnest(ARRAY['a', 'b', 'c']) t;
SQL
my $prove = q{SELECT object, direction, verdict, reason, witness ->> 'statement' FROM rlsproof.prove('ann', NULL, 'select') WHERE object IN ('public.a', 'public.b', 'public.c')};
sub prove { return $node->safe_psql('postgres', $prove, @_) }

# Within a session.
my $first = prove();
like($first, qr/^public.b\|no more\|refuted/m, 'there is something to be found');
like($first, qr/^public.a\|no more\|proved/m, 'and something to be proved');
my $all = asked();
cmp_ok($all, '>', 6, 'a solver was asked');
is($node->safe_psql('postgres', "$prove;\n$prove"), "$first\n$first", 'a session says the same twice');
is(asked(), $all, 'and asks once');
is($node->safe_psql('postgres', 'SELECT count(*) FROM rlsproof.answers'), '0', 'proving writes nothing');

# From one session to the next.
cmp_ok($node->safe_psql('postgres', "DO \$\$ BEGIN PERFORM rlsproof.prove('ann'); END \$\$; SELECT rlsproof.keep_answers()"), '>', 4, 'answers are kept');
asked();
is(prove(), $first, 'the next session says the same');
is(asked(), 0, 'and asks nothing');
$node->safe_psql('postgres', 'ALTER POLICY p ON c USING (owner = uid() AND other IS NULL)');
is(prove(), $first, 'a policy has changed');
my $some = asked();
ok($some > 0 && $some < $all, "and only what it changes is asked: $some of $all questions");

# A policy that is no longer what was proved.
$node->safe_psql('postgres', 'ALTER POLICY p ON a USING (owner = uid() OR id = 7)');
like(prove(), qr/^public.a\|no more\|refuted/m, 'what was proved of another policy is not proved of this one');
$node->safe_psql('postgres', 'ALTER POLICY p ON a USING (owner = uid()); ALTER POLICY p ON c USING (owner = uid() AND other IS NOT NULL)');
asked();

# What was found is shown again, or it is not said.
is($node->safe_psql('postgres', "SET default_transaction_read_only = on; $prove") =~ /^public.b\|no more\|unknown\|.*could not be replayed/m, 1,
    'a remembered state that cannot be made is no refutation');
is(asked(), 0, 'and is remembered all the same');

# Another solver is asked itself.
install('2');
is(prove(), $first, 'another version of the solver');
is(asked(), $all, 'is asked everything');
install('1');
is(prove(), $first, 'the first one again');
is(asked(), 0, 'need not be asked');
$node->safe_psql('postgres', "SET rlsproof.solver = 'z3'; SELECT rlsproof.prove('ann', 'public.a', 'select')");
is(asked(), 0, 'another program under another name is asked instead');

# A standby reads what was kept.
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
like($standby->safe_psql('postgres', $prove), qr/^public.a\|no more\|proved/m, 'a standby proves');
is(asked(), 0, 'without asking');
$standby->stop;

# Whoever may only look neither reads nor writes the table without being allowed to.
$node->safe_psql('postgres', 'GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA rlsproof TO auditor; GRANT SELECT ON rlsproof.personas, rlsproof.scopes, rlsproof.expectations, rlsproof.waivers TO auditor; GRANT SELECT ON a, b, c TO auditor');
my @auditor = (extra_params => [ '-U', 'auditor' ]);
like(prove(@auditor), qr/^public.a\|no more\|proved/m, 'an ordinary role proves');
cmp_ok(asked(), '>', 0, 'by asking');
for my $try ('SELECT rlsproof.keep_answers()', 'SELECT rlsproof.forget_answers()', q{INSERT INTO rlsproof.answers SELECT repeat('0', 64), 'z3', '(impossible something)'}, 'TABLE rlsproof.answers') {
    my (undef, undef, $err) = $node->psql('postgres', $try, @auditor);
    like($err, qr/permission denied for table answers/, "$try is refused");
}
$node->safe_psql('postgres', 'GRANT SELECT ON rlsproof.answers TO auditor');
like(prove(@auditor), qr/^public.a\|no more\|proved/m, 'one that may read it proves');
is(asked(), 0, 'without asking');

# Forgotten is forgotten, and what makes no sense is asked again.
$node->safe_psql('postgres', q{UPDATE rlsproof.answers SET answer = '(' || answer});
is(prove(), $first, 'answers that make no sense');
is(asked(), $all, 'are asked again');
cmp_ok($node->safe_psql('postgres', 'SELECT rlsproof.forget_answers()'), '>', 4, 'answers are forgotten');
is(prove(), $first, 'the same is said');
is(asked(), $all, 'and asked');

done_testing();
