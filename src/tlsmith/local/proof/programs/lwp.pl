# Fetch a page with LWP: `lwp.pl URL`.
eval { require LWP::UserAgent; require LWP::Protocol::https; 1 } or exit 77;
my $answer = LWP::UserAgent->new(timeout => 10)->get($ARGV[0]);
$answer->is_success or die $answer->status_line . "\n";
