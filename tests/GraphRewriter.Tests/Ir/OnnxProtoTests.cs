using System.Text.RegularExpressions;
using FlashRt.TestKit;

namespace FlashRt.GraphRewriter.Tests.Ir;

/// <summary>Our statement of the wire format against the one that Debian's libonnx-dev installs, name by name and number by number.</summary>
[TestClass]
public sealed partial class OnnxProtoTests
{
    private const string Debian = "/usr/include/onnx/onnx.proto";

    [TestMethod]
    public void AgreesWithDebian()
    {
        if (!File.Exists(Debian)) Assert.Inconclusive($"{Debian} is not there; apt-get install libonnx-dev");
        var ours = Read(Repository.PathOf("tools", "graph-rewriter", "GraphRewriter", "Ir", "Protos", "onnx.proto"));
        var theirs = Read(Debian);
        Assert.IsTrue(theirs.Count > 100, "the parser of this test finds the fields");

        // Debian's may be older than IR 11, so ours may have more; it may not have anything that ours states otherwise or lacks.
        foreach (var (name, stated) in theirs.Where(t => !IsVersion(t.Key)))
            Assert.AreEqual(stated, ours.GetValueOrDefault(name), name);
    }

    // ONNX's own bookkeeping: which IR version is current, and an enum that no message uses.
    private static bool IsVersion(string name) => name.StartsWith("Version.", StringComparison.Ordinal) || name.StartsWith("OperatorStatus.", StringComparison.Ordinal);

    // "Message.field" -> "label type = number"; "Message.Enum.NAME" -> "= number".
    private static Dictionary<string, string> Read(string path)
    {
        var found = new Dictionary<string, string>();
        var scope = new Stack<string>();
        var text = Comments().Replace(File.ReadAllText(path), "");
        foreach (Match m in Statements().Matches(text))
        {
            if (m.Groups["open"].Success) scope.Push(m.Groups["kind"].Value == "oneof" ? "" : m.Groups["open"].Value);
            else if (m.Groups["close"].Success) scope.Pop();
            else found.Add(string.Join('.', scope.Reverse().Where(s => s.Length > 0).Append(m.Groups["name"].Value)),
                $"{Spaces().Replace(m.Groups["type"].Value.Trim(), " ")} = {Number(m.Groups["number"].Value)}");
        }
        return found;
    }

    private static long Number(string text) => text.StartsWith("0x", StringComparison.Ordinal) ? Convert.ToInt64(text, 16) : long.Parse(text);

    [GeneratedRegex(@"//.*|option [^;]*;|reserved [^;]*;|syntax [^;]*;|package [^;]*;")]
    private static partial Regex Comments();

    [GeneratedRegex(@"(?<kind>message|enum|oneof)\s+(?<open>\w+)\s*\{|(?<close>\})|(?<type>(?:optional |repeated )?\s*[\w.]*)\s+(?<name>\w+)\s*=\s*(?<number>0x[0-9A-Fa-f]+|\d+)\s*(?:\[[^\]]*\])?\s*;")]
    private static partial Regex Statements();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
