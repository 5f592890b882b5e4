# Firewall change request by portcheck 0.1.0, 2026-11-25T00:00:00Z
# From: a run
# Candidate, made by a program: review it before you load it.
# For a stateful firewall: each rule names the side that opens the connection; answers, and the ICMP
# errors that belong to them (destination unreachable, time exceeded, packet too big), come back as
# established or related.
# RPC services choose their ports at start: either the whole range tcp 49152-65535 is allowed, or they
# are pinned. The AD team pins them on every domain controller:
# HKLM\SYSTEM\CurrentControlSet\Services\NTDS\Parameters, value 'TCP/IP Port' (REG_DWORD; restart the
# controller), and HKLM\SYSTEM\CurrentControlSet\Services\Netlogon\Parameters, value 'DCTcpipPort'
# (REG_DWORD; restart Netlogon). Two different ports; both are needed, and 135 stays needed. Then ask
# again with --rpc-ports.

# On the destinations: let the sources in.
# R1 ldap, kpasswd to dc10.alpha.test
New-NetFirewallRule -DisplayName 'portcheck R1 tcp inbound' -Group 'portcheck' -Description 'directory' -Direction Inbound -Action Allow -Profile Any -Protocol TCP -LocalAddress '10.77.1.10' -RemoteAddress '10.77.0.10' -LocalPort '88','389','3268-3269'
New-NetFirewallRule -DisplayName 'portcheck R1 udp inbound' -Group 'portcheck' -Description 'directory' -Direction Inbound -Action Allow -Profile Any -Protocol UDP -LocalAddress '10.77.1.10' -RemoteAddress '10.77.0.10' -LocalPort '464'
# R2 ldap, rpc-samr to dc11.alpha.test
New-NetFirewallRule -DisplayName 'portcheck R2 tcp inbound' -Group 'portcheck' -Description 'directory' -Direction Inbound -Action Allow -Profile Any -Protocol TCP -LocalAddress '10.77.1.11' -RemoteAddress '10.77.0.10' -LocalPort '88','389','3268-3269','50000-50003'
# R3 ldap, ldap-ping to dc10.alpha.test
New-NetFirewallRule -DisplayName 'portcheck R3 tcp inbound' -Group 'portcheck' -Description 'directory' -Direction Inbound -Action Allow -Profile Any -Protocol TCP -LocalAddress 'fd77:0:0:12::10' -RemoteAddress 'fd77::10' -LocalPort '389'
New-NetFirewallRule -DisplayName 'portcheck R3 udp inbound' -Group 'portcheck' -Description 'directory' -Direction Inbound -Action Allow -Profile Any -Protocol UDP -LocalAddress 'fd77:0:0:12::10' -RemoteAddress 'fd77::10' -LocalPort '389'
# R4 rpc to this machine
New-NetFirewallRule -DisplayName 'portcheck R4 tcp inbound' -Group 'portcheck' -Description 'directory' -Direction Inbound -Action Allow -Profile Any -Protocol TCP -LocalAddress '10.77.0.10' -RemoteAddress '10.77.1.10' -LocalPort '135'
# R5 (check first) ldap to dc10.alpha.test
# First: nothing on the destination answered any question
New-NetFirewallRule -DisplayName 'portcheck R5 tcp inbound' -Group 'portcheck' -Description 'directory' -Direction Inbound -Action Allow -Profile Any -Protocol TCP -LocalAddress '10.77.2.10' -RemoteAddress '10.77.0.10' -LocalPort '88'
# R6 (optional) ldap to dc10.alpha.test
New-NetFirewallRule -DisplayName 'portcheck R6 udp inbound' -Group 'portcheck' -Description 'directory' -Direction Inbound -Action Allow -Profile Any -Protocol UDP -LocalAddress '10.77.2.10' -RemoteAddress '10.77.0.10' -LocalPort '88'

# On the sources: only where their firewall blocks outbound connections, which Windows does not by default.
# R1 ldap, kpasswd to dc10.alpha.test
New-NetFirewallRule -DisplayName 'portcheck R1 tcp outbound' -Group 'portcheck' -Description 'directory' -Direction Outbound -Action Allow -Profile Any -Protocol TCP -LocalAddress '10.77.0.10' -RemoteAddress '10.77.1.10' -RemotePort '88','389','3268-3269'
New-NetFirewallRule -DisplayName 'portcheck R1 udp outbound' -Group 'portcheck' -Description 'directory' -Direction Outbound -Action Allow -Profile Any -Protocol UDP -LocalAddress '10.77.0.10' -RemoteAddress '10.77.1.10' -RemotePort '464'
# R2 ldap, rpc-samr to dc11.alpha.test
New-NetFirewallRule -DisplayName 'portcheck R2 tcp outbound' -Group 'portcheck' -Description 'directory' -Direction Outbound -Action Allow -Profile Any -Protocol TCP -LocalAddress '10.77.0.10' -RemoteAddress '10.77.1.11' -RemotePort '88','389','3268-3269','50000-50003'
# R3 ldap, ldap-ping to dc10.alpha.test
New-NetFirewallRule -DisplayName 'portcheck R3 tcp outbound' -Group 'portcheck' -Description 'directory' -Direction Outbound -Action Allow -Profile Any -Protocol TCP -LocalAddress 'fd77::10' -RemoteAddress 'fd77:0:0:12::10' -RemotePort '389'
New-NetFirewallRule -DisplayName 'portcheck R3 udp outbound' -Group 'portcheck' -Description 'directory' -Direction Outbound -Action Allow -Profile Any -Protocol UDP -LocalAddress 'fd77::10' -RemoteAddress 'fd77:0:0:12::10' -RemotePort '389'
# R4 rpc to this machine
New-NetFirewallRule -DisplayName 'portcheck R4 tcp outbound' -Group 'portcheck' -Description 'directory' -Direction Outbound -Action Allow -Profile Any -Protocol TCP -LocalAddress '10.77.1.10' -RemoteAddress '10.77.0.10' -RemotePort '135'
# R5 (check first) ldap to dc10.alpha.test
# First: nothing on the destination answered any question
New-NetFirewallRule -DisplayName 'portcheck R5 tcp outbound' -Group 'portcheck' -Description 'directory' -Direction Outbound -Action Allow -Profile Any -Protocol TCP -LocalAddress '10.77.0.10' -RemoteAddress '10.77.2.10' -RemotePort '88'
# R6 (optional) ldap to dc10.alpha.test
New-NetFirewallRule -DisplayName 'portcheck R6 udp outbound' -Group 'portcheck' -Description 'directory' -Direction Outbound -Action Allow -Profile Any -Protocol UDP -LocalAddress '10.77.0.10' -RemoteAddress '10.77.2.10' -RemotePort '88'
