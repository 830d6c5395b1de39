"""Small PyTorch models, as people write them."""

import torch
from torch import nn

SIDE, CLASSES = 32, 3


class Residual(nn.Module):
    """Two residual blocks whose one ReLU works in place and runs several times."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, 2, 1)
        self.convs = nn.ModuleList(nn.Conv2d(8, 8, 3, 1, 1) for _ in range(2))
        self.relu = nn.ReLU(inplace=True)
        self.layer = nn.Identity()
        self.pool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(8, CLASSES)

    def forward(self, x):
        x = self.relu(self.stem(x))
        for conv in self.convs:
            out = conv(x)
            out += x
            x = self.relu(out)
        return self.fc(self.pool(self.layer(x)).flatten(1))


class Block(nn.Module):
    """Attention and a perceptron, each with a way around it."""

    def __init__(self, width):
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.attention = nn.MultiheadAttention(width, 2, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))

    def forward(self, x):
        y = self.norms[0](x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return x + self.mlp(self.norms[1](x))


class Transformer(nn.Module):
    """A class token, a register, and a token for each place; the class token alone is read."""

    num_prefix_tokens = 2

    def __init__(self, width=8):
        super().__init__()
        self.patches = nn.Conv2d(3, width, 8, 8)
        self.prefix = nn.Parameter(torch.randn(1, 2, width))
        self.places = nn.Parameter(0.1 * torch.randn(1, 16, width))
        self.blocks = nn.ModuleList(Block(width) for _ in range(3))
        self.head = nn.Linear(width, CLASSES)

    def forward(self, x):
        tokens = self.patches(x).flatten(2).transpose(1, 2) + self.places
        x = torch.cat([self.prefix.expand(len(x), -1, -1), tokens], dim=1)
        for block in self.blocks:
            x = block(x)
        return self.head(x[:, 0])


class Last(nn.Module):
    """Channels behind the places, as Swin has them."""

    def __init__(self):
        super().__init__()
        self.patches, self.norm = nn.Conv2d(3, 8, 8, 8), nn.LayerNorm(8)
        self.head = nn.Linear(8, CLASSES)

    def forward(self, x):
        return self.head(self.norm(self.patches(x).permute(0, 2, 3, 1)).mean(dim=(1, 2)))


class Mixed(nn.Module):
    """Two branches that meet in the head alone: no map is all that it reads."""

    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Conv2d(3, 4, 8, 8), nn.Conv2d(3, 4, 4, 4)
        self.fc = nn.Linear(8, CLASSES)

    def forward(self, x):
        parts = self.left(x).mean(dim=(2, 3)), self.right(x).tanh().mean(dim=(2, 3))
        return self.fc(torch.cat(parts, dim=1))


def seeded(kind):
    """Return a module with weights that are the same every time."""
    torch.manual_seed(0)
    return kind().eval()


def residual():
    return seeded(Residual)


def transformer():
    return seeded(Transformer)


def exported(module, file, batch=True):
    """Write a module as torch.export does, for any number of images or for one."""
    shapes = ({0: torch.export.Dim.AUTO},) if batch else None
    given = (torch.rand(2 if batch else 1, 3, SIDE, SIDE),)
    torch.export.save(torch.export.export(module.eval(), given, dynamic_shapes=shapes), str(file))
    return file
