namespace Tapeout.Models.Templates;

/// <summary>The ways of writing a conversation that are known by their content.</summary>
public enum ChatTemplateFamily
{
    /// <summary>The model has no template: contents follow one another on lines of their own.</summary>
    Plain,

    /// <summary><c>&lt;|im_start|&gt;role … &lt;|im_end|&gt;</c>, perhaps with a default system turn.</summary>
    ChatMl,

    /// <summary><c>[INST] &lt;&lt;SYS&gt;&gt; … [/INST]</c>.</summary>
    Llama2,

    /// <summary><c>&lt;|start_header_id|&gt;role&lt;|end_header_id|&gt; … &lt;|eot_id|&gt;</c>.</summary>
    Llama3,

    /// <summary><c>[INST] … [/INST]</c> without a system turn.</summary>
    Mistral,
}
