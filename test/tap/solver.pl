# The solver is a process that may do anything: be killed or stopped by somebody, run out of memory, end, say nonsense, never
# stop talking. Each of these is an answer, the session goes on, others notice nothing, and no process is left.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RawSession;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nrestart_after_crash = on\n");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION rlsproof;
CREATE ROLE app;
SELECT rlsproof.persona('ann', 'app', '{}');
CREATE TABLE t (id int PRIMARY KEY, kind text, other text);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY s ON t FOR SELECT USING (kind = 'a' AND kind = 'b');
CREATE POLICY w ON t FOR INSERT WITH CHECK (kind = 'a' AND other = 'b');
GRANT SELECT, INSERT, UPDATE, DELETE ON t TO app;
SELECT rlsproof.scope('public.t', 'own', $$kind = 'a'$$);
SELECT rlsproof.expect('ann', 'public.t', 'insert, update, delete', 'own');
SELECT rlsproof.expect('ann', 'public.t', 'select', 'none');
SQL
# One question: of nothing there is no less.
my $ask = q{SELECT verdict, reason FROM rlsproof.prove('ann', 'public.t', 'select') WHERE direction = 'no more'};

# A solver of our own. It says who it is; when it is asked something it says so through a pipe that it holds open for as long
# as it lives, and does what the test wants of it.
my $pipe = $node->basedir . '/asked';
POSIX::mkfifo($pipe, 0600) or die $!;
my $count = 0;
sub solver {
    my ($does) = @_;
    my $file = $node->basedir . '/solver' . ++$count;
    open my $out, '>', $file or die $!;
    print $out <<"PERL";
#!/usr/bin/perl
\$| = 1;
while (<STDIN>) {
    print qq{(:name "stub")\n} if /get-info :name/;
    print qq{(:version "1")\n} if /get-info :version/;
    if (/check-sat/) { $does }
    print "rlsproof-done\n" if /echo/;
}
PERL
    close $out;
    chmod 0755, $file;
    return $file;
}
my $tell = qq{open my \$pipe, '>', '$pipe' or die; syswrite \$pipe, "\$\$\\n";};
# Until somebody ends it; the test is told where nobody does.
my $wait = "$tell \$SIG{ALRM} = sub { syswrite \$pipe, qq{left alone\\n}; exit }; alarm 120; 1 while sleep 1000;";

# What runs below a process.
sub children {
    my ($of) = @_;
    my @found;
    for my $stat (glob '/proc/[0-9]*/stat') {
        open my $in, '<', $stat or next;
        my $line = <$in> // next;
        push @found, $1 if $line =~ /^(\d+) \(.*\) \S (\d+) / && $2 == $of;
    }
    return @found;
}

my $other = $node->background_psql('postgres');
my $others_pid = $other->query_safe('SELECT pg_backend_pid()');
my $session;
my $pid;
sub connect_again {
    $session = RawSession->new($node);
    $pid = $session->query('SELECT pg_backend_pid()')->{rows}[0];
    $session->query(q{SET rlsproof.solver_timeout = '60s'});
}
connect_again();
sub use_solver { $session->query("SET rlsproof.solver = '$_[0]'") }
# The state that a session has to be in after whatever it was.
sub all_is_well {
    my ($after) = @_;
    is(join(' ', children($pid)), '', "$after: no process is left");
    use_solver('z3');
    like(($session->query($ask)->{rows})->[0], qr/^proved\|/, "$after: the session proves");
    is($other->query_safe('SELECT pg_backend_pid()'), $others_pid, "$after: the other session is alive");
}
sub says {
    my ($does, $expected, $name, $settings) = @_;
    use_solver(solver($does));
    $session->query($settings) if $settings;
    my $came = $session->query($ask);
    like($came->{rows}[0] // "error: $came->{error}{M}", $expected, $name);
    all_is_well($name);
}

says('exit 3;', qr/^unknown\|the solver ended with status 3/, 'one that ends');
says(q{print "perhaps\n";}, qr/^unknown\|the solver's answer makes no sense/, 'one that talks nonsense');
says(q{print "((((\n";}, qr/^unknown\|the solver's answer ends in the middle/, 'one that opens brackets');
says(q{print "unsat\nsat\n(error \"core\")\n";}, qr/^proved/, 'what comes after an answer is no answer');
says(q{print "(error \"what\")\nunsat\n";}, qr/^unknown\|the solver objected: what/, 'one that objects');
says(q{print "y\n" x 10000 while 1;}, qr/^unknown\|the solver's answer is too long/, 'one that never stops talking');
says(q{my @much; push @much, "x" x 1e6 while 1;}, qr/^unknown\|the solver (ended with status|was killed)/, 'one that runs out of memory',
    q{SET rlsproof.solver_memory = '64MB'});
$session->query('RESET rlsproof.solver_memory');
says('kill KILL => $$;', qr/^unknown\|the solver was killed: Killed/, 'one that kills itself');
says('kill STOP => $$;', qr/^unknown\|the solver took longer than it may/, 'one that stops', q{SET rlsproof.solver_timeout = '50ms'});
says('fork // die; 1 while sleep 1000;', qr/^unknown\|the solver took longer than it may/, 'one that starts others and waits', q{SET rlsproof.solver_timeout = '50ms'});
$session->query(q{SET rlsproof.solver_timeout = '60s'});

# One that dies over every question is left alone after a few.
use_solver(solver('exit 3;'));
my $all = $session->query(q{SELECT string_agg(DISTINCT reason, '; ' ORDER BY reason) FROM rlsproof.prove('ann', 'public.t')})->{rows}[0];
like($all, qr/the solver failed 3 times in a row and is not asked again/, 'one that fails again and again');
all_is_well('one that fails again and again');
use_solver(solver(q{open my $pipe, '<', '/dev/zero'; sysread $pipe, my $x, 1 << 20 for 1 .. 200; print "unknown\n";}));
$session->query(q{SET rlsproof.solver_total_timeout = '10ms'});
$all = $session->query(q{SELECT string_agg(DISTINCT reason, '; ' ORDER BY reason) FROM rlsproof.prove('ann', 'public.t')})->{rows}[0];
like($all, qr/the time that all questions may take is used up/, 'one that takes its time over every question');
$session->query('RESET rlsproof.solver_total_timeout');
all_is_well('one that takes its time over every question');

# Begins to prove, and returns the solver's number and a pipe that ends when it does.
sub thinking {
    use_solver(solver($wait));
    $session->send_message('Q', "$ask\0");
    open my $asked, '<', $pipe or die $!;
    my $solver = <$asked>;
    chomp $solver;
    return ($solver, $asked);
}
sub is_gone {
    my ($asked, $name) = @_;
    is(scalar(<$asked>), undef, "$name: the solver is gone"); # waits for its end
}

# By somebody else, while it thinks.
my ($solver, $asked) = thinking();
kill KILL => $solver;
like($session->until_ready->{rows}[0], qr/^unknown\|the solver was killed: Killed/, 'one that somebody kills');
is_gone($asked, 'one that somebody kills');
all_is_well('one that somebody kills');

$session->query(q{SET rlsproof.solver_timeout = '200ms'});
($solver, $asked) = thinking();
kill STOP => $solver;
like($session->until_ready->{rows}[0], qr/^unknown\|the solver took longer than it may/, 'one that somebody stops');
is_gone($asked, 'one that somebody stops');
$session->query(q{SET rlsproof.solver_timeout = '60s'});
all_is_well('one that somebody stops');

# A cancel, a timeout of the statement.
($solver, $asked) = thinking();
$other->query_safe("SELECT pg_cancel_backend($pid)");
is($session->until_ready->{error}{C}, '57014', 'a cancel is a cancel');
is_gone($asked, 'a cancel');
all_is_well('a cancel');
$session->query(q{SET statement_timeout = '300ms'});
($solver, $asked) = thinking();
is($session->until_ready->{error}{C}, '57014', 'a timeout is a timeout');
is_gone($asked, 'a timeout');
$session->query('RESET statement_timeout');
all_is_well('a timeout');

# The session itself is ended, its client goes away, or it is killed, with the whole server as is the server's way.
($solver, $asked) = thinking();
$other->query_safe("SELECT pg_terminate_backend($pid)");
is_gone($asked, 'a session that is ended');
is($other->query_safe('SELECT pg_backend_pid()'), $others_pid, 'a session that is ended: the other one is alive');
connect_again();
($solver, $asked) = thinking();
kill KILL => $pid;
is_gone($asked, 'a session that is killed');
$other->quit;
$node->poll_query_until('postgres', 'SELECT true') or die 'the server did not come back';
connect_again();
like(($session->query($ask)->{rows})->[0], qr/^proved\|/, 'a session that is killed: the next one proves');

# Several at a time: the same verdicts in the same order.
my $everything = q{SELECT string_agg(concat_ws(' ', object, command, direction, verdict), ', ') FROM rlsproof.prove('ann', 'public.t')};
my $one_by_one = $node->safe_psql('postgres', $everything);
is($node->safe_psql('postgres', "SET rlsproof.solver_jobs = 3; $everything"), $one_by_one, 'several solvers say the same in the same order');
like($one_by_one, qr/refuted/, 'there is something to be found');

$node->stop;
done_testing();
