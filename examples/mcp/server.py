"""A tool of the MCP Python SDK that tells how far it is, served over streamable HTTP without sessions."""

from mcp.server.mcpserver import Context, MCPServer

server = MCPServer("countdown")


@server.tool()
async def count_down(start: int, ctx: Context) -> str:
    """Count down from a number from 1 to 20."""
    if not 1 <= start <= 20:
        raise ValueError("start is a number from 1 to 20")
    for done in range(1, start + 1):
        await ctx.report_progress(done, start, f"{start - done} left")
    return "up and away"


app = server.streamable_http_app(stateless_http=True)
