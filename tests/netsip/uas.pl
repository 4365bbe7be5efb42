#!/usr/bin/perl
# Net::SIP takes calls: uas.pl PORT answer|busy. Serves UDP on 127.0.0.1. Says
# "ready", then a line for each request: its method, and its body where it
# is a MESSAGE or INFO.
use strict;
use warnings;
use Net::SIP;

$| = 1;
my ($port, $what) = @ARGV;
my $busy = $what eq 'busy';

my $leg = Net::SIP::Leg->new(addr => '127.0.0.1', port => $port);
my $loop = Net::SIP::Dispatcher::Eventloop->new;
my $dispatcher = Net::SIP::Dispatcher->new([$leg], $loop);
my $endpoint = Net::SIP::Endpoint->new($dispatcher);

sub answer {
    my ($ctx, $request, $from, $code, $reason, $body) = @_;
    my $response = $request->create_response($code, $reason,
        { contact => "<sip:perl\@127.0.0.1:$port>" }, $body // '');
    $endpoint->new_response($ctx, $response, $leg, $from);
}

sub take_invite {
    my ($ctx, $request, $from) = @_;
    return answer($ctx, $request, $from, 486, 'Busy Here') if $busy;
    answer($ctx, $request, $from, 180, 'Ringing');
    my $sdp = Net::SIP::SDP->new(
        { addr => '127.0.0.1' },
        { port => 4000, proto => 'RTP/AVP', media => 'audio', fmt => 0 });
    answer($ctx, $request, $from, 200, 'OK', $sdp);
}

$endpoint->set_application(sub {
    my (undef, $ctx, $request, undef, $from) = @_;
    my $method = $request->method;
    my $body = $method =~ /^(?:MESSAGE|INFO)$/ ? ($request->as_parts)[3] : '';
    print "$method $body\n";
    return take_invite($ctx, $request, $from) if $method eq 'INVITE';
    return if $method =~ /^(?:ACK|BYE|CANCEL)$/;
    answer($ctx, $request, $from, 200, 'OK');
});
print "ready\n";
$loop->loop;
