# Ten minutes on a real Windows: what Wine cannot prove. In the unpacked portable folder of portcheck, in PowerShell
# (elevated for the last part), with a controller's name or address:   .\windows.ps1 -Controller dc1.contoso.com
# It writes one file, portcheck-windows.txt, beside itself: read it, then send it back. It holds host names and
# addresses of this network, and no password.
param([Parameter(Mandatory)][string]$Controller, [string]$Folder = (Get-Location))
$python = Join-Path $Folder 'python\python.exe'
$out = Join-Path (Get-Location) 'portcheck-windows.txt'
function note($title, $lines) { "== $title", $lines, '' | Out-File -Encoding utf8 -Append $out }
function portcheck { & $python -m portcheck @args 2>&1 | Out-String }

Remove-Item -ErrorAction SilentlyContinue $out
note 'build' ([Environment]::OSVersion.Version.ToString(), (portcheck --version))
note 'start, seconds' (1..3 | ForEach-Object { (Measure-Command { portcheck --version }).TotalSeconds })
note 'demo' (portcheck demo --no-color)
note 'check' (portcheck check $Controller --profile all -f json)
note 'traced to a port nobody has' (portcheck check "${Controller}:9" -f json)
note 'report as an object' ((& $python -m portcheck check $Controller --only ldap -f json | ConvertFrom-Json).summary)
foreach ($part in 'connect', 'segments', 'datagrams') {
    note $part (& $python (Join-Path $PSScriptRoot 'windows_parts.py') $part $Controller 2>&1 | Out-String)
}
note 'name policy' (& $python -c 'from portcheck.net.platform import name_policy; print(name_policy.rules())' | Out-String)
note 'name policy, as Windows has it' (Get-DnsClientNrptPolicy | Out-String)
$env:PORTCHECK_NOTIFY = 'eventlog://portcheck'
portcheck check $Controller --only ldap -q --notify always | Out-Null
Remove-Item Env:PORTCHECK_NOTIFY
$told = Get-WinEvent -LogName Application -MaxEvents 50 | Where-Object ProviderName -eq portcheck
note 'event log' ($told | Format-List -Property * | Out-String)
if (([Security.Principal.WindowsPrincipal][Security.Principal.WindowsIdentity]::GetCurrent()).IsInRole('Administrators')) {
    New-NetFirewallRule -DisplayName portcheck-test -Direction Outbound -RemoteAddress 192.0.2.1 -Action Block | Out-Null
    note 'own firewall' (portcheck check 192.0.2.1 --only ldap --no-trace -f json)
    Remove-NetFirewallRule -DisplayName portcheck-test
    & $python -m portcheck schedule --for windows --write $env:TEMP --every 15m -- $Controller | Out-Null
    schtasks /Create /F /TN portcheck-test /XML (Join-Path $env:TEMP 'portcheck.xml') | Out-Null
    schtasks /Run /TN portcheck-test | Out-Null
    Start-Sleep 60
    note 'task as LocalService: its last result' (schtasks /Query /TN portcheck-test /V /FO LIST | Out-String)
    $env:PORTCHECK_STATE_DIR = "$env:windir\ServiceProfiles\LocalService\AppData\Local\portcheck"
    note 'task as LocalService: what it kept' (portcheck history)
    Remove-Item Env:PORTCHECK_STATE_DIR
    schtasks /Delete /F /TN portcheck-test | Out-Null
}
Write-Host "written: $out"
