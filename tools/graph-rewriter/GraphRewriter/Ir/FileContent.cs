namespace FlashRt.GraphRewriter.Ir;

/// <summary>Compares files.</summary>
internal static class FileContent
{
    /// <summary>Two names of one file are equal without being read, which for weights would take as long as copying them.</summary>
    public static bool AreEqual(string a, string b)
    {
        if (new FileInfo(a).Length != new FileInfo(b).Length) return false;
        if (FileIdentity.Of(a) is { } identity && identity == FileIdentity.Of(b)) return true;
        using var left = File.OpenRead(a);
        using var right = File.OpenRead(b);
        byte[] x = new byte[1 << 20], y = new byte[1 << 20];
        for (int n; (n = left.ReadAtLeast(x, x.Length, throwOnEndOfStream: false)) > 0;)
            if (right.ReadAtLeast(y.AsSpan(0, n), n, throwOnEndOfStream: false) != n || !x.AsSpan(0, n).SequenceEqual(y.AsSpan(0, n))) return false;
        return true;
    }
}
