using System.Reflection;
using System.Runtime.Loader;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// Loads rules from an assembly of the caller's: every public class that implements <see cref="IRule"/> and has a constructor without
/// parameters, in the order of their full names.
/// </summary>
public static class RuleLibrary
{
    /// <summary>Makes the rules of an assembly; throws <see cref="RuleLibraryException"/> with the reason when it has none or they cannot be made.</summary>
    public static IReadOnlyList<IRule> Load(string path)
    {
        if (!File.Exists(path)) throw new RuleLibraryException($"{path}: no such file.");
        var rules = Types(path).Where(t => typeof(IRule).IsAssignableFrom(t) && t is { IsAbstract: false, IsVisible: true })
            .Where(t => t.GetConstructor([]) is not null).OrderBy(t => t.FullName, StringComparer.Ordinal).Select(t => Make(t, path)).ToList();
        if (rules.Count == 0) throw new RuleLibraryException($"{path} holds no rules: expected public classes with a constructor without parameters that implement {typeof(IRule).FullName}.");
        foreach (var rule in rules)
            if (DefaultPipeline.Rules.Any(r => r.Name == rule.Name) || rules.Count(r => r.Name == rule.Name) > 1)
                throw new RuleLibraryException($"{path}: there is another rule called '{rule.Name}'; reports need names of their own.");
        return rules;
    }

    private static Type[] Types(string path)
    {
        try
        {
            return new Context(Path.GetFullPath(path)).Load().GetTypes();
        }
        catch (BadImageFormatException e)
        {
            throw new RuleLibraryException($"{path} is not a .NET assembly for this runtime ({e.Message.TrimEnd('.')}).", e);
        }
        catch (ReflectionTypeLoadException e)
        {
            throw new RuleLibraryException($"{path} cannot be loaded: {e.LoaderExceptions.FirstOrDefault()?.Message ?? e.Message} Build it against the FlashRt.GraphRewriter of this tool.", e);
        }
        catch (Exception e) when (e is FileLoadException or FileNotFoundException or UnauthorizedAccessException or TypeLoadException)
        {
            throw new RuleLibraryException($"{path} cannot be loaded: {e.Message}", e);
        }
    }

    private static IRule Make(Type type, string path)
    {
        try
        {
            return new GuardedRule((IRule)Activator.CreateInstance(type)!, Path.GetFileName(path));
        }
        catch (TargetInvocationException e)
        {
            throw new RuleLibraryException($"{path}: {type.FullName} cannot be made: {e.InnerException?.Message ?? e.Message}", e);
        }
        catch (Exception e) when (e is TypeLoadException or MissingMethodException or FileNotFoundException)
        {
            throw new RuleLibraryException($"{path}: {type.FullName} does not fit this tool ({e.Message.TrimEnd('.')}); build it against the FlashRt.GraphRewriter of this tool.", e);
        }
    }

    // The rewriter's own assemblies are the caller's; everything else the rules bring along comes from their folder.
    private sealed class Context : AssemblyLoadContext
    {
        private readonly string path;
        private readonly AssemblyDependencyResolver resolver;

        public Context(string path) : base(Path.GetFileName(path)) => (this.path, resolver) = (path, new AssemblyDependencyResolver(path));

        public Assembly Load() => LoadFromAssemblyPath(path);

        protected override Assembly? Load(AssemblyName name) =>
            Default.Assemblies.Any(a => a.GetName().Name == name.Name) ? null
            : resolver.ResolveAssemblyToPath(name) is { } found ? LoadFromAssemblyPath(found) : null;
    }
}
