"""What the options of one practice leave open on the wire."""

from adapters.intramed.options import IntramedOptions


def exposures(options: IntramedOptions) -> list[str]:
    """Return one line for each; the embedded engine and a server on this machine leave nothing open."""
    if options.address.is_here:
        return []
    if options.transport == "odbc":
        what = "transport is odbc to another machine, which cannot promise that patients' data is encrypted on its way"
        return [f'{what}; use transport = "native", or a tunnel that ends on this machine']
    if options.encryption != "required":
        what = f"wire_crypt is {options.encryption} to another machine, so patients' data may be read"
        return [f'{what}; use wire_crypt = "required"']
    return []
