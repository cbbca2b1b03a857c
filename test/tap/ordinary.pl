# An audit by somebody who is no superuser: what it says is what a superuser's says, what it leaves out it names, with the
# GRANT that would give it. And a database that is marked as production, where nothing is executed unless told otherwise.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\n");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE demo');
for my $file ('src/cli/prelude/supabase.sql', sort glob('demo/supabase/migrations/*.sql')) {
    $node->psql('demo', "\\i $file", on_error_stop => 1, on_error_die => 1);
}
$node->safe_psql('demo', 'CREATE EXTENSION rlsproof; CREATE ROLE auditor LOGIN;');

sub cells {
    my ($who) = @_;
    my %cells;
    my $sql = q{SELECT persona || ' ' || command || ' ' || object, verdict FROM rlsproof.verify()};
    for my $line (split /\n/, $node->safe_psql('demo', $sql, extra_params => [ '-U', $who, '-F', "\t" ])) {
        my ($cell, $verdict) = split /\t/, $line;
        $cells{$cell} = $verdict;
    }
    return \%cells;
}
sub notes {
    return $node->safe_psql('demo', q{SELECT message FROM rlsproof.audit() WHERE rule = 'not_looked_at'}, extra_params => [ '-U', 'auditor' ]);
}

my $truth = cells('postgres');
cmp_ok(scalar keys %$truth, '>', 1000, 'a superuser sees all cells');

# What is answered has to be the superuser's answer; unknown and vacuous answer nothing.
sub agrees {
    my ($name, $buckets) = @_;
    my $mine = cells('auditor');
    # Which buckets there are, only those know who may read their names.
    my $known = sub { grep { $buckets || !/ (bucket:|storage.objects)/ } sort @_ };
    is_deeply([ $known->(keys %$mine) ], [ $known->(keys %$truth) ], "$name: no cell is missing");
    # Who has signed up has rows of its own, where rows can be made, and is somebody else without them.
    my @wrong = grep { ($buckets || !/^newcomer/) && exists $truth->{$_} && $mine->{$_} !~ /^(unknown|vacuous)$/ && $mine->{$_} ne $truth->{$_} && $truth->{$_} !~ /^(unknown|vacuous)$/ } sort keys %$mine;
    is_deeply([ map { "$_: $mine->{$_}, not $truth->{$_}" } @wrong ], [], "$name: what is answered is right");
    return scalar grep { !/^(unknown|vacuous)$/ } values %$mine;
}

my ($status, undef, $err) = $node->psql('demo', 'SELECT count(*) FROM rlsproof.audit()', extra_params => [ '-U', 'auditor' ]);
isnt($status, 0, 'nobody may audit without being let');
like($err, qr/permission denied for function audit/, 'and is told so');

$node->safe_psql('demo', 'GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA rlsproof TO auditor; GRANT SELECT ON ALL TABLES IN SCHEMA rlsproof TO auditor');
my $privileges = agrees('privileges alone');
like(notes(), qr/auditor may not act as anon: GRANT anon TO auditor lets it/, 'who cannot be acted as is named, with the GRANT');

$node->safe_psql('demo', 'GRANT anon, authenticated TO auditor');
my $predicates = agrees('with the roles');
cmp_ok($predicates, '>', $privileges, 'more is answered');
my $notes = notes();
unlike($notes, qr/may not act/, 'nobody is left out');
like($notes, qr/may not be read by auditor: GRANT pg_read_all_data/, 'what cannot be read is named, with the GRANT');
like($notes, qr/GRANT SET ON PARAMETER session_replication_role/, 'and why no row is made');

$node->safe_psql('demo', 'GRANT pg_read_all_data TO auditor; ALTER ROLE auditor BYPASSRLS; GRANT SET ON PARAMETER session_replication_role TO auditor');
my $all = agrees('with rows', 'and buckets');
cmp_ok($all, '>', $predicates, 'still more is answered');
is(notes(), '', 'and nothing is left out');

# Production: a superuser says so, nobody else takes it back, and what needs no execution is answered.
$node->safe_psql('demo', q{ALTER DATABASE demo SET rlsproof.environment = 'production'});
is($node->safe_psql('demo', q{SELECT count(*) FROM rlsproof.verify() WHERE evidence = 'execution'}), '0', 'production: nothing is executed');
is($node->safe_psql('demo', q{SELECT DISTINCT reason FROM rlsproof.verify() WHERE verdict = 'unknown' AND command <> 'EXECUTE'}),
    'this database is marked as production, where nothing is executed unless rlsproof.execute_in_production is on',
    'production: the cells that need it say why');
is($node->safe_psql('demo', q{SELECT count(*) > 300 FROM rlsproof.verify() WHERE verdict = 'open'}), 't', 'production: privileges and predicates answer');
like($node->safe_psql('demo', q{SELECT message FROM rlsproof.audit() WHERE rule = 'not_looked_at'}), qr/no statement was executed: this database is marked/,
    'production: the audit says what it left out');
agrees('production', 'with buckets');
($status, undef, $err) = $node->psql('demo', q{SELECT rlsproof.fingerprint('select 1'); SET rlsproof.environment = 'test'}, extra_params => [ '-U', 'auditor' ]);
like($err, qr/permission denied to set parameter "rlsproof.environment"/, 'production: not for anybody to take back');
($status, undef, $err) = $node->psql('demo', q{SELECT rlsproof.fingerprint('select 1'); SET rlsproof.execute_in_production = on}, extra_params => [ '-U', 'auditor' ]);
like($err, qr/permission denied to set parameter "rlsproof.execute_in_production"/, 'nor to execute all the same');
is($node->safe_psql('demo', q{SET rlsproof.execute_in_production = on; SELECT count(*) > 100 FROM rlsproof.verify() WHERE evidence = 'execution'}),
    't', 'production: told otherwise, it executes');

done_testing();
