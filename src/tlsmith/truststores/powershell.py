"""What PowerShell is told, to look into Windows' stores of roots and to change them.

Each is one line without a double quote, which no layer on the way rewrites, WSL's
among them; certificates go in it as base64, and come out so. What went wrong is told by
its number: words are in the language of Windows.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from tlsmith.truststores.base import Root

REFUSED = "refused "

# The person's store shows the machine's roots too; only their own are in this key.
_START = (
    "$ErrorActionPreference='Stop'; "
    "$x='Security.Cryptography.X509Certificates.X509'; "
    "function Own($w,$c){ $w -eq 'LocalMachine' -or (Test-Path ("
    r"'HKCU:\Software\Microsoft\SystemCertificates\Root\Certificates\'"
    "+$c.Thumbprint)) }; "
    "function Open($w,$m){ $s=New-Object ($x+'Store') -ArgumentList 'Root',$w; "
    "$s.Open($m); $s }; try { "
)
_END = (
    " } catch { $e=$_.Exception; while($e.InnerException){$e=$e.InnerException}; "
    f"'{REFUSED}{{0:X8}}' -f $e.HResult; exit 5 }}"
)

LOOK = (
    _START + "$p=New-Object Security.Principal.WindowsPrincipal -ArgumentList "
    "([Security.Principal.WindowsIdentity]::GetCurrent()); "
    "if($p.IsInRole([Security.Principal.WindowsBuiltInRole]'Administrator'))"
    "{'elevated'}else{'plain'}; "
    "foreach($w in 'LocalMachine','CurrentUser'){ "
    "foreach($c in (Open $w 'ReadOnly').Certificates){ "
    "$n='-'; if($c.FriendlyName -match '^tlsmith-[0-9a-f]{16}$'){$n=$c.FriendlyName}; "
    "$o='-'; if(Own $w $c){$o='own'}; "
    "'{0} {1} {2} {3}' -f $w,$o,$n,[Convert]::ToBase64String($c.RawData) } }" + _END
)


def adding(where: str, roots: Sequence[Root]) -> str:
    """Return what adds `roots` under our names to a store.

    Args:
        where: "LocalMachine" or "CurrentUser".
    """
    return (
        _START + f"$s=Open '{where}' 'ReadWrite'; foreach($r in {_listed(roots)}){{ "
        "$l,$b=$r -split ':'; $d=[Convert]::FromBase64String($b); "
        "$c=New-Object ($x+'Certificate2') -ArgumentList (,$d); "
        "$c.FriendlyName=$l; $s.Add($c) }; $s.Close()" + _END
    )


def removing(where: str, roots: Sequence[Root]) -> str:
    """Return what takes out of a store what has our names, and no other."""
    return (
        _START + f"$s=Open '{where}' 'ReadWrite'; $r={_listed(roots)}; "
        f"foreach($c in @($s.Certificates)){{ "
        "$k=$c.FriendlyName+':'+[Convert]::ToBase64String($c.RawData); "
        f"if($r -ccontains $k -and (Own '{where}' $c)){{ $s.Remove($c) }} }}; "
        "$s.Close()" + _END
    )


def _listed(roots: Sequence[Root]) -> str:
    pairs = ((root.label, base64.b64encode(root.der).decode()) for root in roots)
    items = ",".join(f"'{label}:{data}'" for label, data in pairs)
    return f"@({items})"
